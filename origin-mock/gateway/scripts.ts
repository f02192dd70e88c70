// Owns the three Lua scripts of the response cache: look up, store, purge; each atomic, each one round trip.

// Purges are one hash: `incarnation` (random, made with the hash), `server` (the run id of the server it was made on), `seq`
// (of the latest purge), `floor`, and under `tag:<tag>` the seq of that tag's latest purge. A fence is (incarnation, seq),
// read before the handler ran. An answer behind a fence is served only while the incarnation is the same, the fence is not
// below the floor, and none of its tags was purged after the fence. So an answer whose handler read before a change, and
// which is stored after the purge, is never served. One key holds all of it, so Redis cannot lose some purges and keep
// others, and another incarnation makes every earlier answer a miss. A server restored from a snapshot has the incarnation
// but perhaps not the latest purges, so it makes a new one.
const NOW = `
local time = redis.call('TIME')
local nowMs = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
`;
const FOUND = `
local function serverId()
  return string.match(redis.call('INFO', 'server'), 'run_id:(%x+)')
end
local function found(key, incarnation)
  redis.call('DEL', key)
  redis.call('HSET', key, 'incarnation', incarnation, 'server', serverId(), 'seq', 0, 'floor', 0)
end
`;

// On a miss the reply is the fence alone. It includes the time of the lookup, from which the age of the new answer
// counts, even if it is stored late. Redis's clock measures ages for all processes. An entry from the future is a miss,
// because after the clock was set back it would outlive its lifetime. KEYS: answer, purges. ARGV: incarnation to found
// if there is none.
export const LOOK_UP = `${FOUND}
${NOW}
local state = redis.call('HMGET', KEYS[2], 'incarnation', 'seq', 'floor')
local incarnation, seq, floor = state[1], state[2], state[3]
if not incarnation then
  found(KEYS[2], ARGV[1])
  return { ARGV[1], '0', nowMs }
end
local miss = { incarnation, seq, nowMs }
local answer = redis.call('HMGET', KEYS[1], 'incarnation', 'fence', 'tags', 'born', 'head', 'body')
if answer[1] ~= incarnation then return miss end
local fence = tonumber(answer[2])
if fence < tonumber(floor) then return miss end
local tags = cjson.decode(answer[3])
if #tags > 0 then
  for _, purged in ipairs(redis.call('HMGET', KEYS[2], unpack(tags))) do
    if purged and tonumber(purged) > fence then return miss end
  end
end
local age = nowMs - tonumber(answer[4])
if age < 0 then return miss end
return { incarnation, seq, nowMs, age, answer[5], answer[6] }
`;

// Refuses an answer that a purge has already made old: a lookup would not serve it either. KEYS: answer, purges. ARGV:
// incarnation, fence, tag fields as JSON, when the handler began, lifetime in milliseconds from then, head, body.
export const STORE = `${NOW}
local state = redis.call('HMGET', KEYS[2], 'incarnation', 'floor')
local fence, age, lifetime = tonumber(ARGV[2]), nowMs - tonumber(ARGV[4]), tonumber(ARGV[5])
if state[1] ~= ARGV[1] or fence < tonumber(state[2]) or age < 0 or age >= lifetime then return 0 end
local tags = cjson.decode(ARGV[3])
if #tags > 0 then
  for _, purged in ipairs(redis.call('HMGET', KEYS[2], unpack(tags))) do
    if purged and tonumber(purged) > fence then return 0 end
  end
end
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 'incarnation', ARGV[1], 'fence', ARGV[2], 'tags', ARGV[3],
  'born', ARGV[4], 'head', ARGV[6], 'body', ARGV[7])
redis.call('PEXPIRE', KEYS[1], lifetime - age)
return 1
`;

// Beyond the largest number of tags the floor rises to now, so that everything is fetched again and nothing is wrongly
// fresh. That bounds the hash. An expiry could not, because a fill that takes longer than an expired purge would get
// through. KEYS: purges. ARGV: incarnation to found where there is none or another server's, most tags, '*' for
// everything or '', then tag fields.
export const PURGE = `${FOUND}
local state = redis.call('HMGET', KEYS[1], 'incarnation', 'server')
if not state[1] or state[2] ~= serverId() then
  found(KEYS[1], ARGV[1])
  state[1] = ARGV[1]
end
local seq = redis.call('HINCRBY', KEYS[1], 'seq', 1)
if ARGV[3] == '*' or redis.call('HLEN', KEYS[1]) + #ARGV > tonumber(ARGV[2]) then
  found(KEYS[1], state[1])
  redis.call('HSET', KEYS[1], 'seq', seq, 'floor', seq)
  return seq
end
for i = 4, #ARGV do redis.call('HSET', KEYS[1], ARGV[i], seq) end
return seq
`;
