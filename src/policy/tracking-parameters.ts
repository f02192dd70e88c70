// Owns the offered list of query parameters that track people and do not change a server's answer.

/** Names, case-sensitive; `*` stands for any characters. For `query: { deny: TRACKING_PARAMETERS }`. */
export const TRACKING_PARAMETERS: readonly string[] = [
  // analytics
  "utm_*",
  "_ga",
  "_gl",
  "_openstat",
  // Google
  "gclid",
  "gclsrc",
  "dclid",
  "gbraid",
  "wbraid",
  "gad_source",
  "gad_campaignid",
  "srsltid",
  // Meta
  "fbclid",
  "igshid",
  "igsh",
  "mibextid",
  // Microsoft, Yandex, X, TikTok, LinkedIn, Pinterest, Reddit, Snapchat
  "msclkid",
  "yclid",
  "ysclid",
  "twclid",
  "ttclid",
  "li_fat_id",
  "epik",
  "rdt_cid",
  "ScCid",
  // letters: Mailchimp, HubSpot, Marketo, Omeda, Vero
  "mc_cid",
  "mc_eid",
  "_hsenc",
  "_hsmi",
  "__hstc",
  "__hssc",
  "__hsfp",
  "hsCtaTracking",
  "mkt_tok",
  "oly_anon_id",
  "oly_enc_id",
  "vero_id",
  // affiliates
  "irclickid",
  "wickedid",
];
