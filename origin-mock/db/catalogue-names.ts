// Owns the names any product of the demonstration catalogue may carry, and those of its reviewers.

export const BRANDS = [
  "Aldermoor",
  "Birkhaven",
  "Calder & Pike",
  "Dunmere",
  "Eastlight",
  "Fennick",
  "Greyholm",
  "Harrowby",
  "Inverlea",
  "Juniper Row",
  "Kestrel",
  "Larkspur",
  "Merrow",
  "Northfold",
  "Oakwright",
  "Penhallow",
  "Quillon",
  "Rookery",
  "Silverdale",
  "Tarnfield",
  "Ullswick",
  "Vantry",
  "Westerby",
  "Yarrow",
] as const;

export const QUALITIES = [
  "Classic",
  "Everyday",
  "Compact",
  "Heritage",
  "Lightweight",
  "Pro",
  "Signature",
  "Studio",
  "Weekend",
  "Essential",
  "Deluxe",
  "Foldable",
  "Quiet",
  "Original",
] as const;

export const SERIES = ["A", "C", "K", "M", "R", "S", "T", "X"] as const;

export const REVIEWERS = [
  "amara",
  "ben",
  "chidi",
  "delphine",
  "emre",
  "freya",
  "gustavo",
  "hana",
  "ilse",
  "jonas",
] as const;
