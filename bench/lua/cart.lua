-- Cart submits in Lua: reads the whole answer, judges it, and passes it on or
-- writes a problem.  It has only the rules for an order with errors[] and for
-- an API exception; the problem has the bytes of the order.

local cjson = require "cjson.safe"

local _M = {}

local ngx = ngx
local find, lower, upper = string.find, string.lower, string.upper
local sub, tostring, type, ipairs = string.sub, tostring, type, ipairs

local null = cjson.null
local empty = setmetatable({}, cjson.empty_array_mt)

local ACCEPTED = { SUBMITTED = true, ACCEPTED = true, COMPLETED = true,
                   BACKORDERED = true, PARTIALLY_REFUNDED = true,
                   REFUNDED = true }
local FAILED = { REJECTED = true, CANCELED = true }
local NO_PAYMENT = { FAILED = true, CANCELLED = true,
                     REQUIRES_PAYMENT_METHOD = true }

-- the reason of a message is that of the first text found in it
local REASONS = {
    { "no longer available", "ITEM_UNAVAILABLE" },
    { "out of stock", "ITEM_UNAVAILABLE" },
    { "inventory", "ITEM_UNAVAILABLE" },
    { "declined", "PAYMENT_FAILED" },
    { "payment", "PAYMENT_FAILED" },
    { "shipping", "SHIPPING_INVALID" },
    { "address", "ADDRESS_INVALID" },
    { "discount", "DISCOUNT_INVALID" },
    { "customer", "CUSTOMER_INVALID" },
}


local function reason_of(message)
    message = lower(message)

    for _, reason in ipairs(REASONS) do
        if find(message, reason[1], 1, true) then
            return reason[2]
        end
    end

    return "OTHER"
end


local function some(value)
    return value == nil and null or value
end


local function error_of(scope, blocking, e, bag)
    local message = some(e.message)

    return {
        reason = message ~= null and reason_of(message) or "OTHER",
        message = message, scope = scope, blocking = blocking,
        bag_id = bag and some(bag.id) or some(e.bag_id),
        merchant_id = bag and some(bag.merchant_id) or null,
        sku_id = some(e.sku_id), order_sku_id = some(e.order_sku_id),
        name = some(e.name), platform = some(e.platform),
        violet = { id = some(e.id), error = some(e.error),
                   code = some(e.code), type = some(e.type),
                   entity_id = some(e.entity_id),
                   entity_type = some(e.entity_type),
                   date_created = some(e.date_created) }
    }
end


local function answer(cart, status, outcome, retry, errors, bags, upstream,
                      detail, order_id, order)
    local text = cjson.encode {
        type = "urn:ngx-violet:cart-submit-" .. outcome,
        title = "The cart was not submitted", status = status,
        detail = detail, outcome = outcome, retry = retry,
        cart_id = tonumber(cart), order_id = order_id,
        request_id = ngx.var.request_id, errors = errors, bags = bags,
        upstream = upstream
    }

    text = sub(text, 1, -2) .. ',"order":' .. (order or "null") .. "}"

    local header = ngx.header

    ngx.status = status
    header["Content-Type"] = "application/problem+json"
    header["X-Violet-Cart-Outcome"] = outcome
    header["Content-Length"] = #text
    ngx.print(text)
end


local function pass(res, outcome)
    local header = ngx.header

    ngx.status = res.status

    for name, value in pairs(res.header) do
        header[name] = value
    end

    header["X-Violet-Cart-Outcome"] = outcome
    header["Content-Length"] = #res.body
    ngx.print(res.body)
end


local function unpaid(order, errors)
    for _, transaction in ipairs(order.transactions or empty) do
        local status = upper(tostring(transaction.status))
        local capture = upper(tostring(transaction.capture_status))

        if NO_PAYMENT[status] or NO_PAYMENT[capture] then
            errors[#errors + 1] = error_of("PAYMENT", true, transaction)
        end
    end
end


local function judge(cart, res, order)
    local errors, rows, by_id = {}, {}, {}
    local accepted, failed, blocking = 0, 0, 0

    for _, bag in ipairs(order.bags or empty) do
        local status = upper(tostring(bag.status))
        local outcome = "pending"

        if ACCEPTED[status] then
            outcome, accepted = "accepted", accepted + 1
        elseif FAILED[status] then
            outcome, failed = "failed", failed + 1
        end

        local row = {
            bag_id = some(bag.id), merchant_id = some(bag.merchant_id),
            merchant_name = some(bag.merchant_name),
            status = some(bag.status),
            financial_status = some(bag.financial_status), outcome = outcome
        }

        rows[#rows + 1] = row
        by_id[tostring(bag.id)] = row
    end

    for _, e in ipairs(order.errors or empty) do
        local row = by_id[tostring(e.bag_id)]
        local blocks = e.type ~= "INTERNAL_ADD_ITEM"
                       and not (row and row.outcome == "accepted")

        if blocks then
            blocking = blocking + 1

            if row and row.outcome == "pending" then
                row.outcome, failed = "failed", failed + 1
            end
        end

        errors[#errors + 1] = error_of(row and "BAG" or "CART", blocks, e)
    end

    unpaid(order, errors)

    if failed == 0 and blocking == 0 and #errors == 0 then
        return pass(res, accepted > 0 and "completed" or "pending")
    end

    local outcome = accepted > 0 and "partial" or "failed"

    answer(cart, accepted > 0 and 200 or 422, outcome,
           accepted > 0 and "new_cart_for_failed_bags"
                        or "new_cart", errors, rows,
           { status = res.status, error = null, code = null },
           #errors .. " errors", some(order.id), res.body)
end


function _M.submit(cart)
    ngx.req.read_body()

    local res = ngx.location.capture(
                "/_violet/v1/checkout/cart/" .. cart .. "/submit",
                { method = ngx.HTTP_POST, always_forward_body = true })

    local order = not res.truncated and cjson.decode(res.body)

    if type(order) ~= "table" then
        return answer(cart, 502, "unknown", "later", empty, empty,
                      { status = res.status, error = null, code = null },
                      "Violet's answer cannot be read", null)
    end

    if order.bags or order.errors then
        return judge(cart, res, order)
    end

    answer(cart, res.status >= 400 and res.status or 422, "failed",
           "after_change", { error_of("CART", true, order) }, empty,
           { status = res.status, error = some(order.error),
             code = some(order.code) }, some(order.message), null)
end


return _M
