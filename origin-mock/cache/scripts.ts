// Owns the two Lua scripts of the cache-aside. One address is one hash: its variants, and the generation they belong to.

// Why generations: a fill is accepted only into the generation its read began in, and deleting the key ends the
// generation with the values, so a read that began before an update can never put the old row back.
// KEYS[1] address; ARGV: field, generation to found if there is none, milliseconds an empty generation lives.
export const OPEN = `
local kind = redis.call('TYPE', KEYS[1]).ok
if kind ~= 'hash' and kind ~= 'none' then redis.call('DEL', KEYS[1]) end
local generation = redis.call('HGET', KEYS[1], 'generation')
if not generation then
  redis.call('DEL', KEYS[1])
  generation = ARGV[2]
  redis.call('HSET', KEYS[1], 'generation', generation)
  redis.call('PEXPIRE', KEYS[1], ARGV[3])
end
return { generation, redis.call('HGET', KEYS[1], ARGV[1]) }
`;

// The first fill sets the lifetime and later ones never extend it; the number of variants is bounded.
// KEYS[1] address; ARGV: field, value, generation, lifetime in milliseconds, most variants.
export const FILL = `
if redis.call('HGET', KEYS[1], 'generation') ~= ARGV[3] then return 0 end
local fields = redis.call('HLEN', KEYS[1])
if fields > tonumber(ARGV[5]) and redis.call('HEXISTS', KEYS[1], ARGV[1]) == 0 then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
if fields == 1 then redis.call('PEXPIRE', KEYS[1], ARGV[4]) end
return 1
`;
