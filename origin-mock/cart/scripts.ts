// Owns the Lua scripts of carts. One cart is one hash: `version`, and `line:<product id>` with a quantity.

// An unreadable cart or line counts as absent, and the next change drops it.
const PRELUDE = `
local idleMs, mostLines, mostQuantity = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local function load(key)
  local cart = { version = '0', lines = {}, count = 0 }
  if redis.call('TYPE', key).ok ~= 'hash' then return cart end
  local fields = redis.call('HGETALL', key)
  for i = 1, #fields, 2 do
    local id = string.match(fields[i], '^line:([1-9]%d?%d?%d?%d?%d?%d?%d?%d?%d?)$')
    local quantity = string.match(fields[i + 1], '^[1-9]%d?$') and tonumber(fields[i + 1])
    if id and quantity and quantity <= mostQuantity and cart.count < mostLines then
      cart.lines[id] = quantity
      cart.count = cart.count + 1
    elseif fields[i] == 'version' then
      cart.version = fields[i + 1]
    end
  end
  return cart
end
local function save(key, cart, version)
  cart.version = version
  redis.call('DEL', key)
  redis.call('HSET', key, 'version', version)
  for id, quantity in pairs(cart.lines) do redis.call('HSET', key, 'line:' .. id, quantity) end
  redis.call('PEXPIRE', key, idleMs)
end
local function reply(status, cart)
  local answer = { status, cart.version }
  for id, quantity in pairs(cart.lines) do
    answer[#answer + 1] = id
    answer[#answer + 1] = tostring(quantity)
  end
  return answer
end
`;

// KEYS: cart. ARGV: milliseconds idle, most lines, most of a product.
export const READ = `${PRELUDE}
local cart = load(KEYS[1])
if cart.version ~= '0' then redis.call('PEXPIRE', KEYS[1], idleMs) end
return reply('done', cart)
`;

// KEYS: cart. ARGV: as READ, then the next version, add | set | remove | clear, product id, quantity, expected version or * for any.
export const CHANGE = `${PRELUDE}
local version, kind, id, quantity, expected = ARGV[4], ARGV[5], ARGV[6], tonumber(ARGV[7]), ARGV[8]
local cart = load(KEYS[1])
if expected ~= '*' and expected ~= cart.version then return reply('conflict', cart) end
if kind == 'clear' then
  cart.lines = {}
else
  local before = cart.lines[id]
  if kind == 'add' then quantity = quantity + (before or 0) end
  if quantity > mostQuantity then return reply('quantity', cart) end
  if quantity > 0 and not before and cart.count >= mostLines then return reply('too-many-lines', cart) end
  cart.lines[id] = quantity > 0 and quantity or nil
end
save(KEYS[1], cart, version)
return reply('done', cart)
`;

// KEYS: guest's cart, person's cart. ARGV: as READ, then the next version.
export const MERGE = `${PRELUDE}
local guest, cart = load(KEYS[1]), load(KEYS[2])
redis.call('DEL', KEYS[1])
if guest.count == 0 then return reply('done', cart) end
local ids = {}
for id in pairs(guest.lines) do ids[#ids + 1] = id end
table.sort(ids, function(one, other) return tonumber(one) < tonumber(other) end)
for _, id in ipairs(ids) do
  local before = cart.lines[id]
  if before or cart.count < mostLines then
    if not before then cart.count = cart.count + 1 end
    cart.lines[id] = math.min((before or 0) + guest.lines[id], mostQuantity)
  end
end
save(KEYS[2], cart, ARGV[4])
return reply('done', cart)
`;
