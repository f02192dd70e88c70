// Owns the Lua scripts of the event stream. Beside the stream is an index, event id -> entry id, and in it the incarnation.

// KEYS: stream, index. ARGV: group, incarnation to found if there is none.
export const OPEN = `
local stream = redis.call('TYPE', KEYS[1]).ok == 'stream'
local incarnation = redis.call('TYPE', KEYS[2]).ok == 'hash' and redis.call('HGET', KEYS[2], 'incarnation')
if not stream or not incarnation then
  redis.call('DEL', KEYS[1], KEYS[2])
  incarnation = ARGV[2]
  redis.call('HSET', KEYS[2], 'incarnation', incarnation)
end
-- From the beginning: what is in the stream was not handled. Fails where the group is there.
redis.pcall('XGROUP', 'CREATE', KEYS[1], ARGV[1], '0', 'MKSTREAM')
return incarnation
`;

// Why the index: a relay that died between adding and noting it in the database adds again, and so may two relays at once.
// KEYS: stream, index. ARGV: incarnation, then event id and entity, alternating.
export const PUBLISH = `
if redis.call('HGET', KEYS[2], 'incarnation') ~= ARGV[1] then return 0 end
for i = 2, #ARGV, 2 do
  local known = redis.call('HGET', KEYS[2], ARGV[i])
  if not known or #redis.call('XRANGE', KEYS[1], known, known) == 0 then
    local entry = redis.call('XADD', KEYS[1], '*', 'event', ARGV[i], 'entity', ARGV[i + 1])
    redis.call('HSET', KEYS[2], ARGV[i], entry)
  end
end
return 1
`;

// KEYS: stream, index. ARGV: group, then entry id and event id, alternating.
export const ACKNOWLEDGE = `
for i = 2, #ARGV, 2 do
  redis.call('XACK', KEYS[1], ARGV[1], ARGV[i])
  redis.call('XDEL', KEYS[1], ARGV[i])
  if redis.call('HGET', KEYS[2], ARGV[i + 1]) == ARGV[i] then redis.call('HDEL', KEYS[2], ARGV[i + 1]) end
end
`;

// Removes consumers that have ended, in one step, because a consumer that is given an entry meanwhile would lose it.
// KEYS: stream. ARGV: group, milliseconds of silence.
export const TIDY = `
for _, consumer in ipairs(redis.call('XINFO', 'CONSUMERS', KEYS[1], ARGV[1])) do
  local about = {}
  for i = 1, #consumer, 2 do about[consumer[i]] = consumer[i + 1] end
  if about['pending'] == 0 and about['idle'] > tonumber(ARGV[2]) then
    redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], about['name'])
  end
end
`;

// KEYS: lease. ARGV: holder, milliseconds.
export const TAKE = `
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
`;

// KEYS: lease. ARGV: holder.
export const RELEASE = `
if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end
`;
