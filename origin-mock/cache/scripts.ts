// Owns the Lua scripts of the cache-aside. One address is one hash: its variants, and the generation they belong to.
// The scripts compute key names, so they need one Redis server, not a cluster.

// Fields of an address's hash:
//   generation        <everything's incarnation>/<entity's incarnation>/<random>
//   variant:<name>    an entry
//   absent:<name>     until when (milliseconds since 1970) the value is known to be absent
//   lease:<name>      "<until> <token>": the loader; the token `nobody` says that loads are not worth waiting for
//   filled            present since the first entry, which set the hash's lifetime
// Fields of the incarnations' hash:
//   *, entity:<name>  the incarnation of everything, of an entity
//   version:<number>  one for every version of the schema that has entries
//   server            the run of the server that founded the incarnation of everything
// Generations: a fill is accepted only into the generation in which its read began. A removal ends the generation together
// with its values, so a read that began before an update can never restore the old row. Incarnations are random, and made
// on first use. Dropping one ends every generation under it, in all processes, without a search for keys. A Redis that lost
// its memory makes new ones. Redis's clock measures all times here.
const PRELUDE = `
local function ours(key)
  local kind = redis.call('TYPE', key).ok
  if kind ~= 'hash' and kind ~= 'none' then redis.call('DEL', key) end
end
local time = redis.call('TIME')
local nowMs = time[1] * 1000 + math.floor(time[2] / 1000)
local function serverId()
  return string.match(redis.call('INFO', 'server'), 'run_id:(%x+)')
end
local function stampOf(entity)
  local ids = redis.call('HMGET', KEYS[1], '*', 'entity:' .. entity)
  return ids[1] and ids[2] and ids[1] .. '/' .. ids[2] .. '/'
end
local function isCurrent(key, entity, generation)
  local stamp = stampOf(entity)
  return stamp and generation:sub(1, #stamp) == stamp and redis.call('HGET', key, 'generation') == generation
end
local function leaseOf(key, variant)
  local untilMs, token = string.match(redis.call('HGET', key, 'lease:' .. variant) or '', '^(%d+) (.+)$')
  return tonumber(untilMs), token
end
local function liveAtLeast(key, ms)
  if redis.call('HEXISTS', key, 'filled') == 0 and redis.call('PTTL', key) < ms then redis.call('PEXPIRE', key, ms) end
end
local function removeEverywhere(prefix, own, suffix)
  redis.call('DEL', prefix .. ':' .. own .. ':' .. suffix)
  for _, field in ipairs(redis.call('HKEYS', KEYS[1])) do
    local version = string.match(field, '^version:(%d+)$')
    if version then redis.call('DEL', prefix .. ':' .. version .. ':' .. suffix) end
  end
end
ours(KEYS[1])
`;

// KEYS: incarnations, addresses. ARGV: own version, a random id, mode (lease | look | fence), milliseconds a lease lives,
// milliseconds an empty generation lives, most fields, largest entry in bytes; then per address: entity, variant, a
// generation that cannot be read ('' for none). Answers per address: generation, status, text.
export const OPEN = `${PRELUDE}
local version, id, mode = ARGV[1], ARGV[2], ARGV[3]
local leaseMs, emptyMs, mostFields, largest = tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7])

local function generationOf(key, entity, rejected)
  ours(key)
  if redis.call('HSETNX', KEYS[1], '*', id) == 1 then redis.call('HSET', KEYS[1], 'server', serverId()) end
  redis.call('HSETNX', KEYS[1], 'entity:' .. entity, id)
  redis.call('HSETNX', KEYS[1], 'version:' .. version, '1')
  local generation = redis.call('HGET', key, 'generation')
  local usable = generation and generation ~= rejected and isCurrent(key, entity, generation)
  -- Without a lifetime it is not of our making.
  if usable and redis.call('PTTL', key) >= 0 then return generation end
  redis.call('DEL', key)
  generation = stampOf(entity) .. id
  redis.call('HSET', key, 'generation', generation)
  redis.call('PEXPIRE', key, emptyMs)
  return generation
end

local function statusOf(key, variant)
  if mode == 'fence' then return 'lend', '' end
  local field = 'variant:' .. variant
  if redis.call('HSTRLEN', key, field) > largest then redis.call('HDEL', key, field) end
  local text = redis.call('HGET', key, field)
  if text then return 'hit', text end
  if (tonumber(redis.call('HGET', key, 'absent:' .. variant) or '') or 0) > nowMs then return 'none', '' end
  if mode == 'look' then return 'lend', '' end
  local untilMs, token = leaseOf(key, variant)
  -- One that ends later than a lease can is from before the clock was set back.
  if untilMs and untilMs > nowMs and untilMs <= nowMs + leaseMs then return token == 'nobody' and 'lend' or 'wait', '' end
  if redis.call('HLEN', key) >= mostFields then return 'lend', '' end
  redis.call('HSET', key, 'lease:' .. variant, string.format('%.0f', nowMs + leaseMs) .. ' ' .. id)
  liveAtLeast(key, emptyMs)
  return 'lead', ''
end

local replies = {}
for i = 2, #KEYS do
  local at = 8 + (i - 2) * 3
  local generation = generationOf(KEYS[i], ARGV[at], ARGV[at + 2])
  local status, text = statusOf(KEYS[i], ARGV[at + 1])
  replies[i - 1] = { generation, status, text }
end
return replies
`;

// Settles loads. The first fill sets the lifetime, later ones never extend it and never replace an entry.
// KEYS: incarnations, addresses. ARGV: most fields; then per address: entity, variant, generation, the lease's token ('' for
// none), what (value | none | unshared | failed), text, lifetime in milliseconds.
export const SETTLE = `${PRELUDE}
local mostFields = tonumber(ARGV[1])
local function fill(key, variant, text, lifeMs)
  local absent = 'absent:' .. variant
  redis.call('HDEL', key, absent)
  if redis.call('HLEN', key) >= mostFields or redis.call('HSETNX', key, 'variant:' .. variant, text) == 0 then return end
  if redis.call('HSETNX', key, 'filled', '1') == 1 or lifeMs < redis.call('PTTL', key) then
    redis.call('PEXPIRE', key, lifeMs)
  end
end
local function remember(key, variant, lifeMs)
  if redis.call('HEXISTS', key, 'variant:' .. variant) == 1 or redis.call('HLEN', key) >= mostFields then return end
  redis.call('HSET', key, 'absent:' .. variant, string.format('%.0f', nowMs + lifeMs))
  liveAtLeast(key, lifeMs)
end
for i = 2, #KEYS do
  local key, at = KEYS[i], 2 + (i - 2) * 7
  local variant, token, what, lifeMs = ARGV[at + 1], ARGV[at + 3], ARGV[at + 4], tonumber(ARGV[at + 6])
  ours(key)
  if isCurrent(key, ARGV[at], ARGV[at + 2]) then
    local _, holder = leaseOf(key, variant)
    local held = token ~= '' and holder == token
    if held then redis.call('HDEL', key, 'lease:' .. variant) end
    if what == 'value' then fill(key, variant, ARGV[at + 5], lifeMs) end
    if what == 'none' then remember(key, variant, lifeMs) end
    if what == 'unshared' and held then
      redis.call('HSET', key, 'lease:' .. variant, string.format('%.0f', nowMs + lifeMs) .. ' nobody')
    end
  end
end
return 1
`;

// KEYS: incarnations. ARGV: prefix, own version, everything | other-server | none, number of entities, entities, then addresses as
// entity:id. An address falls in every version of the schema: during a deployment processes of two versions run.
export const REMOVE = `${PRELUDE}
if ARGV[3] == 'everything' then return redis.call('DEL', KEYS[1]) end
if ARGV[3] == 'other-server' then
  if redis.call('HGET', KEYS[1], 'server') ~= serverId() then redis.call('DEL', KEYS[1]) end
end
local entities = tonumber(ARGV[4])
for i = 5, 4 + entities do redis.call('HDEL', KEYS[1], 'entity:' .. ARGV[i]) end
for i = 5 + entities, #ARGV do removeEverywhere(ARGV[1], ARGV[2], ARGV[i]) end
return 1
`;

// Writes an entry into a new generation if the fence's is still current, and only removes the address otherwise. KEYS:
// incarnations, address. ARGV: prefix, own version, the address as entity:id, entity, fence, random id, variant, text,
// lifetime in milliseconds. Returns 1 if it wrote.
export const REPLACE = `${PRELUDE}
local key = KEYS[2]
ours(key)
local current = isCurrent(key, ARGV[4], ARGV[5])
removeEverywhere(ARGV[1], ARGV[2], ARGV[3])
if not current then return 0 end
redis.call('HSET', key, 'generation', stampOf(ARGV[4]) .. ARGV[6], 'variant:' .. ARGV[7], ARGV[8], 'filled', '1')
redis.call('PEXPIRE', key, ARGV[9])
return 1
`;
