
/*
 * The tables of words and patterns, in the order in which they are tried.  They
 * are constant, and docs/cart-errors.md and docs/cart-reasons.md repeat them.
 *
 * Names are from Violet's "Submit Cart" (type) and from its error pages
 * (error).  Code 2503 and the two errors with that code are left out: they
 * may have any cause.
 */

#include <stddef.h>

#include "violet_reason_table.h"


/* in the order of violet_reason_t */

const violet_reason_word_t  violet_reason_errors[] = {
    { "offer_not_published", VIOLET_REASON_ITEM_UNAVAILABLE },
    { "blocked_address", VIOLET_REASON_ADDRESS_INVALID },
    { "bag_submission_in_progress", VIOLET_REASON_SUBMIT_IN_PROGRESS },
    { NULL, VIOLET_REASON_OTHER }
};


/*
 * Types that name a cause.  Those that only name a step (creating the cart,
 * submitting it, writing the order) leave it to the message.
 */

const violet_reason_word_t  violet_reason_types[] = {
    { "EXTERNAL_ADD_CUSTOMER", VIOLET_REASON_CUSTOMER_INVALID },
    { "EXTERNAL_ADD_ADDRESSES", VIOLET_REASON_ADDRESS_INVALID },
    { "EXTERNAL_ADD_SHIPPING_ADDRESS", VIOLET_REASON_ADDRESS_INVALID },
    { "EXTERNAL_ADD_BILLING_ADDRESS", VIOLET_REASON_ADDRESS_INVALID },
    { "EXTERNAL_GET_SHIPPING_METHODS", VIOLET_REASON_SHIPPING_INVALID },
    { "EXTERNAL_SET_SHIPPING_METHOD", VIOLET_REASON_SHIPPING_INVALID },
    { "EXTERNAL_SET_PAYMENT_METHOD", VIOLET_REASON_PAYMENT_FAILED },
    { "EXTERNAL_PRICE_CART", VIOLET_REASON_CART_NOT_READY },
    { "EXTERNAL_ADD_DISCOUNT_CODE", VIOLET_REASON_DISCOUNT_INVALID },
    { "EXTERNAL_REMOVE_DISCOUNT_CODE", VIOLET_REASON_DISCOUNT_INVALID },
    { NULL, VIOLET_REASON_OTHER }
};


/*
 * Types that only name a step with an item.  The message may say whether the
 * item is unavailable or invalid, so it is looked at first.
 */

const violet_reason_word_t  violet_reason_item_types[] = {
    { "EXTERNAL_ADD_ITEM", VIOLET_REASON_ITEM_INVALID },
    { "EXTERNAL_UPDATE_ITEM", VIOLET_REASON_ITEM_INVALID },
    { "EXTERNAL_REMOVE_ITEM", VIOLET_REASON_ITEM_INVALID },
    { "INTERNAL_ADD_ITEM", VIOLET_REASON_ITEM_INVALID },
    { NULL, VIOLET_REASON_OTHER }
};


/*
 * Patterns of doubt: after an error that matches one of them the order may
 * exist.  The first is Violet's text for anything unexpected at a merchant's
 * platform.  A word that other errors share ("duplicate", "already created")
 * counts only near the word for what is submitted: at most three words lie
 * between the two.
 */

const violet_reason_word_t  violet_reason_doubts[] = {

    { "\\bcurrently not accepting new orders\\b",
      VIOLET_REASON_MERCHANT_UNAVAILABLE },

    { "(?<!not )(?<!n't )\\balready (?:been |being )?(?:successfully )?"
      "(?:submitted|completed?|placed|ordered|checked[ -]?out|finali[sz]ed)\\b",
      VIOLET_REASON_ALREADY_SUBMITTED },

    { "\\b(?:cart|order|checkout)\\b(?:(?! not\\b).){0,40}"
      "\\balready (?:been )?(?:processed|paid|closed|converted)\\b",
      VIOLET_REASON_ALREADY_SUBMITTED },

    { "\\b(?:cart|order|checkout)(?: (?:with )?(?:id:? ?)?[\\[#(]?\\d+[\\])]?)?"
      " (?:has been|have been|was|is) (?:successfully )?"
      "(?:submitted|completed?|placed)\\b",
      VIOLET_REASON_ALREADY_SUBMITTED },

    { "^\\W*(?:cart|order) (?:is )?(?:submitted|completed)\\W*$",
      VIOLET_REASON_ALREADY_SUBMITTED },

    { "\\b(?:carts?|orders?|checkouts?|submissions?|payment[ -]?intents?)\\b"
      "(?:'s)?(?:\\W+(?:id\\W+)?\\d+)?(?:\\W+\\w+){0,3}?\\W+"
      "\\b(?:already (?:been )?(?:created|succeeded)|duplicate[ds]?"
      "|(?:current )?(?:status|state)\\W+(?:(?:is|was|of)\\W+)?completed)\\b",
      VIOLET_REASON_ALREADY_SUBMITTED },

    { "\\b(?:already (?:been )?(?:created|succeeded)|duplicate[ds]?"
      "|(?:current )?(?:status|state)\\W+(?:(?:is|was|of)\\W+)?completed)\\b"
      "(?:\\W+\\w+){0,3}?\\W+"
      "(?:carts?|orders?|checkouts?|submissions?|payment[ -]?intents?)\\b",
      VIOLET_REASON_ALREADY_SUBMITTED },

    { "\\b(?:current (?:status|state)\\W+(?:(?:is|was)\\W+)?|"
      "(?:status|state)\\W+of\\W+(?:\\w+\\W+){0,2}?"
      "(?:carts?|orders?|checkouts?|submissions?|payment[ -]?intents?)\\b"
      "(?:\\W+(?!not\\b)\\w+){0,3}?\\W+)completed\\b",
      VIOLET_REASON_ALREADY_SUBMITTED },

    { "\\bconverted (?:in)?to an? order\\b",
      VIOLET_REASON_ALREADY_SUBMITTED },

    { "\\b(?:orders?|checkouts?|submissions?)\\b(?:\\W+\\w+){0,3}?\\W+"
      "already exists?\\b",
      VIOLET_REASON_ALREADY_SUBMITTED },

    { "\\b(?:submission|submit|submitting|checkout|completion)\\b.{0,40}"
      "\\b(?:in progress|under ?way|pending)\\b",
      VIOLET_REASON_SUBMIT_IN_PROGRESS },

    { "\\b(?:already|currently|still) (?:being |in )"
      "(?:submi|process|progress|complet)",
      VIOLET_REASON_SUBMIT_IN_PROGRESS },

    { "\\b(?:carts?|orders?|checkouts?|submissions?|payment[ -]?intents?)\\b"
      "(?:'s)?(?:\\W+(?:id\\W+)?\\d+)?(?:\\W+\\w+){0,3}?\\W+"
      "\\bbeing processed\\b",
      VIOLET_REASON_SUBMIT_IN_PROGRESS },

    { "\\bbeing processed\\b(?:\\W+\\w+){0,3}?\\W+"
      "(?:carts?|orders?|checkouts?|submissions?|payment[ -]?intents?)\\b",
      VIOLET_REASON_SUBMIT_IN_PROGRESS },

    { "\\btime(?:d)?[ -]?outs?\\b|timeout(?:exception|error)\\b"
      "|\\bdeadline exceeded\\b",
      VIOLET_REASON_UPSTREAM_TIMEOUT },

    { "\\b(?:service|server|gateway|api)(?: is)?(?: temporarily| currently)? "
      "(?:unavailable|down)\\b|\\binternal (?:server )?error\\b"
      "|\\bunexpected error\\b|\\bsomething went wrong\\b|\\bbad gateway\\b"
      "|\\bserver error\\b|\\bconnection (?:was )?(?:reset|closed|lost)\\b",
      VIOLET_REASON_UPSTREAM_ERROR },

    { "(?:^|: ?)\\W?5[0-3]\\d\\b(?=\\W*$|\\W+(?:internal|bad|service|gateway"
      "|server|http|web|origin|connection|error|unknown)\\b|\\W*[<{])"
      "|(?<!discount |promo |coupon |voucher |postal |post |zip )"
      "\\b(?:http|status|code|error|response|returned|responded with)"
      "(?:/\\d(?:\\.\\d)?)?\\W{1,3}(?:(?:status|code|error)\\W{1,3}){0,2}"
      "5[0-3]\\d\\b",
      VIOLET_REASON_UPSTREAM_ERROR },

    { "\\bbroken pipe\\b|\\bunexpected end of (?:file|stream)\\b"
      "|\\bpremature (?:eof|end)\\b",
      VIOLET_REASON_UPSTREAM_ERROR },

    { NULL, VIOLET_REASON_OTHER }
};


/*
 * Patterns over bytes, in any letter case.  The first that matches wins: a
 * word that many messages share ("unavailable", "invalid") comes after more
 * specific ones.
 */

const violet_reason_word_t  violet_reason_patterns[] = {

    { "\\brate.?limit|\\btoo many requests\\b|\\bthrottl",
      VIOLET_REASON_RATE_LIMITED },

    { "\\bapi credentials?\\b|\\b(?:access |api )?token (?:has |is )?"
      "(?:expired|invalid)\\b",
      VIOLET_REASON_CREDENTIALS_REJECTED },

    { "\\b(?:discount|coupon|voucher|promo|promotion|promotional|promo ?code)s?"
      "\\b",
      VIOLET_REASON_DISCOUNT_INVALID },

    { "\\binsufficient funds\\b|\\bdo not hono[u]?r\\b|\\bpayments?\\b"
      "|\\b(?:credit |debit |gift )?card\\b|\\bcv[cv]2?\\b|\\bsecurity code\\b"
      "|\\bdeclined\\b|\\b3-?d[ -]?s(?:ecure)?\\b"
      "|\\bauthori[sz]ation (?:was )?(?:failed|refused|expired)\\b",
      VIOLET_REASON_PAYMENT_FAILED },

    { "\\b(?:shipping|shipment|delivery) (?:method|rate|option|carrier|service"
      "|zone|profile|line|price|cost)s?\\b"
      "|\\bno shipping\\b|\\bshipping (?:is|was|has|not|must|required|missing"
      "|unavailable)\\b"
      "|(?:\\b(?:can)?not|n't|\\bunable to|\\bno longer) (?:be )?"
      "(?:ship|deliver)(?:s|ped|ed|able)?\\b"
      "|\\b(?:un|non-)(?:shipp|deliver)able\\b",
      VIOLET_REASON_SHIPPING_INVALID },

    { "\\be-?mail\\b",
      VIOLET_REASON_CUSTOMER_INVALID },

    { "\\baddress|\\bpost(?:al)? ?code\\b|\\bzip(?: ?code)?\\b"
      "|\\b(?:province|country|city)\\b|\\bstate (?:or|code|is required)\\b",
      VIOLET_REASON_ADDRESS_INVALID },

    { "\\bcustomer(?:'s)?\\b.{0,40}"
      "\\b(?:invalid|required|missing|not|error|block)"
      "|\\b(?:invalid|missing|no|unknown) (?:order )?customer\\b"
      "|\\b(?:first|last)[ _]?name\\b|\\bphone\\b",
      VIOLET_REASON_CUSTOMER_INVALID },

    { "\\b(?:cart|order|checkout)\\b(?: \\S*\\d\\S*| with| id| token){0,4} "
      "(?:(?:was |is |could |can)?not (?:be )?found|(?:does not|doesn't|do not"
      "|no longer) exists?|has expired|is expired|expired)\\b"
      "|\\bno such (?:cart|order)\\b|\\b(?:find|locate) (?:the |a )?"
      "(?:cart|order)\\b",
      VIOLET_REASON_CART_NOT_FOUND },

    { "\\b(?:un|not (?:yet )?(?:been )?|be )priced\\b|\\bpricing\\b"
      "|\\bprice the cart\\b|\\bcart (?:is )?empty\\b|\\bempty cart\\b"
      "|\\b(?:cart|bag|order|checkout)\\b.{0,40}"
      "\\b(?:not ready|incomplete|missing|invalid state|unresolved)\\b"
      "|\\b(?:missing|unresolved)\\b.{0,40}\\b(?:cart|bag|order|checkout)\\b",
      VIOLET_REASON_CART_NOT_READY },

    { "\\b(?:merchant|store|storefront|shop|seller|platform)(?:'s)?\\b"
      "(?:(?!\\b(?:item|product|sku|variant)).){0,40}"
      "(?:\\bdisconnect|\\bunavailable|\\bnot available|\\binactive|\\bdisabled"
      "|\\bclosed|\\bsuspended|\\buninstalled|\\bnot connected|\\boffline"
      "|\\bpassword|\\bnot enabled|\\bunreachable|\\bpaused|\\bno longer)"
      "|\\b(?:disconnected|inactive|disabled|suspended) "
      "(?:merchant|store|shop|seller)\\b",
      VIOLET_REASON_MERCHANT_UNAVAILABLE },

    { "\\bout[ -]of[ -]stock\\b|\\bsold[ -]?out\\b|\\bno longer (?:available"
      "|sold|for sale|offered|published|in stock)\\b|\\bunavailab"
      "|\\bnot (?:currently )?(?:available|in stock|published|for sale"
      "|purchas)|\\b(?:insufficient|not enough|no|low|lacks?) "
      "(?:stock|inventory|quantity|quantities|supply|units)\\b"
      "|\\binventory\\b|\\bin stock\\b|\\bstock\\b|\\bback-?ordered\\b"
      "|\\bdiscontinued\\b",
      VIOLET_REASON_ITEM_UNAVAILABLE },

    { "\\b(?:items?|products?|skus?|variants?|offers?|merchandise)\\b.{0,60}"
      "(?:\\binvalid|\\bnot (?:be )?found|\\bnot exist|n't exist"
      "|\\bnot (?:be )?valid|\\bno longer exist|\\bdeleted|\\bremoved"
      "|\\bunknown|\\bmismatch|\\bchanged|\\bminimum|\\bmaximum|\\bexceed"
      "|\\bnot (?:be )?added|\\brejected|\\bnot allowed|\\bnot supported)"
      "|\\b(?:invalid|unknown|no such|bad|missing) (?:line )?"
      "(?:items?|products?|skus?|variants?|offers?|quantity)\\b"
      "|\\bquantity\\b",
      VIOLET_REASON_ITEM_INVALID },

    { "\\bmissing\\b|\\brequired\\b|\\bnot ready\\b"
      "|\\bmust (?:be|have)\\b",
      VIOLET_REASON_CART_NOT_READY },

    { NULL, VIOLET_REASON_OTHER }
};
