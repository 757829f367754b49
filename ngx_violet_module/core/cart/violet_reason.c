
/*
 * The caller of violet_reasons_create() owns the set, which is read-only once
 * it is complete.  The built-in set is counted: the last
 * violet_reasons_cleanup() frees it.
 *
 * Names are from Violet's "Submit Cart" (type) and from its error pages
 * (error).  Code 2503 and the two errors with that code are left out: they
 * may have any cause.
 */

#define PCRE2_CODE_UNIT_WIDTH  8

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <pcre2.h>

#include "violet_reason.h"


/*
 * The cost of one pattern on one message is bounded.  PCRE2 counts the match
 * limit anew for each starting byte, so the length of the message is bounded
 * as well.
 */

#define VIOLET_REASON_MESSAGE       1024     /* bytes */
#define VIOLET_REASON_MATCH_LIMIT   5000
#define VIOLET_REASON_DEPTH_LIMIT   1000
#define VIOLET_REASON_HEAP_LIMIT    512      /* kilobytes */


/* before PCRE2 10.34, text that is not valid UTF-8 matches no pattern */

#ifdef PCRE2_MATCH_INVALID_UTF
#define VIOLET_REASON_UTF  (PCRE2_UTF|PCRE2_MATCH_INVALID_UTF)
#else
#define VIOLET_REASON_UTF  PCRE2_UTF
#endif


typedef struct {
    pcre2_code            *code;
    violet_reason_t        reason;
} violet_reason_pattern_t;


struct violet_reasons_s {
    violet_reason_pattern_t  *elts;
    size_t                    n;
    size_t                    size;
    pcre2_match_context      *limits;
};


typedef struct {
    const char            *word;
    violet_reason_t        reason;
} violet_reason_word_t;


static int violet_reasons_compile(violet_reasons_t *reasons,
    violet_text_t pattern, uint32_t options, violet_reason_t reason,
    char *error, size_t size);
static int violet_reasons_grow(violet_reasons_t *reasons);
static void violet_reason_explain(int code, size_t offset, char *error,
    size_t size);
static int violet_reason_word(const violet_reason_word_t *words,
    violet_text_t text, violet_reason_t *reason);
static int violet_reasons_match(const violet_reasons_t *reasons,
    violet_text_t message, violet_reason_t *reason);
static violet_text_t violet_reason_cut(violet_text_t message);


static violet_reasons_t  *violet_reasons_builtin;
static unsigned           violet_reasons_users;


/* in the order of violet_reason_t */

static const violet_reason_word_t  violet_reason_errors[] = {
    { "offer_not_published", VIOLET_REASON_ITEM_UNAVAILABLE },
    { "blocked_address", VIOLET_REASON_ADDRESS_INVALID },
    { "bag_submission_in_progress", VIOLET_REASON_SUBMIT_IN_PROGRESS },
    { NULL, VIOLET_REASON_OTHER }
};


/*
 * Types that name a cause.  Those that only name a step (creating the cart,
 * submitting it, writing the order) leave it to the message.
 */

static const violet_reason_word_t  violet_reason_types[] = {
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

static const violet_reason_word_t  violet_reason_item_types[] = {
    { "EXTERNAL_ADD_ITEM", VIOLET_REASON_ITEM_INVALID },
    { "EXTERNAL_UPDATE_ITEM", VIOLET_REASON_ITEM_INVALID },
    { "EXTERNAL_REMOVE_ITEM", VIOLET_REASON_ITEM_INVALID },
    { "INTERNAL_ADD_ITEM", VIOLET_REASON_ITEM_INVALID },
    { NULL, VIOLET_REASON_OTHER }
};


/*
 * Patterns over bytes, in any letter case.  The first that matches wins: a
 * word that many messages share ("unavailable", "invalid") comes after more
 * specific ones.
 */

static const violet_reason_word_t  violet_reason_patterns[] = {

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

    { "\\b(?:submission|submit|submitting|checkout|completion)\\b.{0,40}"
      "\\b(?:in progress|under ?way|pending)\\b",
      VIOLET_REASON_SUBMIT_IN_PROGRESS },

    { "\\b(?:already|currently|still) (?:being |in )"
      "(?:submi|process|progress|complet)",
      VIOLET_REASON_SUBMIT_IN_PROGRESS },

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

    { "\\b(?:service|server|gateway|api)(?: is)?(?: temporarily| currently)? "
      "(?:unavailable|down)\\b|\\binternal (?:server )?error\\b"
      "|\\bunexpected error\\b|\\bsomething went wrong\\b|\\bbad gateway\\b",
      VIOLET_REASON_UPSTREAM_ERROR },

    { "\\btime(?:d)?[ -]?out\\b",
      VIOLET_REASON_UPSTREAM_TIMEOUT },

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


violet_reasons_t *
violet_reasons_create(void)
{
    violet_reasons_t  *reasons;

    reasons = calloc(1, sizeof(violet_reasons_t));
    if (reasons == NULL) {
        return NULL;
    }

    reasons->limits = pcre2_match_context_create(NULL);
    if (reasons->limits == NULL) {
        free(reasons);
        return NULL;
    }

    /* these three always return 0 */
    (void) pcre2_set_match_limit(reasons->limits, VIOLET_REASON_MATCH_LIMIT);
    (void) pcre2_set_depth_limit(reasons->limits, VIOLET_REASON_DEPTH_LIMIT);
    (void) pcre2_set_heap_limit(reasons->limits, VIOLET_REASON_HEAP_LIMIT);

    return reasons;
}


int
violet_reasons_add(violet_reasons_t *reasons, violet_text_t pattern,
    int caseless, violet_reason_t reason, char *error, size_t size)
{
    uint32_t  options;

    options = VIOLET_REASON_UTF|PCRE2_NEVER_BACKSLASH_C;

    if (caseless) {
        options |= PCRE2_CASELESS;
    }

    return violet_reasons_compile(reasons, pattern, options, reason, error,
                                  size);
}


static int
violet_reasons_compile(violet_reasons_t *reasons, violet_text_t pattern,
    uint32_t options, violet_reason_t reason, char *error, size_t size)
{
    int          code;
    size_t       offset;
    pcre2_code  *re;

    if (pattern.data == NULL) {
        pattern.data = "";
        pattern.len = 0;
    }

    if (violet_reasons_grow(reasons) == -1) {
        violet_reason_explain(PCRE2_ERROR_NOMEMORY, 0, error, size);
        return -1;
    }

    re = pcre2_compile((PCRE2_SPTR) pattern.data, pattern.len, options,
                       &code, &offset, NULL);
    if (re == NULL) {
        violet_reason_explain(code, offset, error, size);
        return -1;
    }

    /* without JIT the pattern is interpreted */
    (void) pcre2_jit_compile(re, PCRE2_JIT_COMPLETE);

    reasons->elts[reasons->n].code = re;
    reasons->elts[reasons->n].reason = reason;
    reasons->n++;

    return 0;
}


static int
violet_reasons_grow(violet_reasons_t *reasons)
{
    size_t                    size;
    violet_reason_pattern_t  *elts;

    if (reasons->n < reasons->size) {
        return 0;
    }

    size = reasons->size ? reasons->size * 2 : 16;

    elts = realloc(reasons->elts, size * sizeof(violet_reason_pattern_t));
    if (elts == NULL) {
        return -1;
    }

    reasons->elts = elts;
    reasons->size = size;

    return 0;
}


static void
violet_reason_explain(int code, size_t offset, char *error, size_t size)
{
    PCRE2_UCHAR  text[128];

    if (error == NULL || size == 0) {
        return;
    }

    /* PCRE2 terminates the text even if the buffer is too small */
    text[0] = '\0';
    (void) pcre2_get_error_message(code, text, sizeof(text));

    (void) snprintf(error, size, "%s at offset %zu", (char *) text, offset);
}


void
violet_reasons_destroy(violet_reasons_t *reasons)
{
    size_t  i;

    if (reasons == NULL) {
        return;
    }

    for (i = 0; i < reasons->n; i++) {
        pcre2_code_free(reasons->elts[i].code);
    }

    pcre2_match_context_free(reasons->limits);
    free(reasons->elts);
    free(reasons);
}


int
violet_reasons_init(void)
{
    violet_text_t                pattern;
    violet_reasons_t            *reasons;
    const violet_reason_word_t  *word;

    if (violet_reasons_users++) {
        return 0;
    }

    reasons = violet_reasons_create();
    if (reasons == NULL) {
        violet_reasons_users = 0;
        return -1;
    }

    for (word = violet_reason_patterns; word->word; word++) {

        pattern.data = word->word;
        pattern.len = strlen(word->word);

        if (violet_reasons_compile(reasons, pattern, PCRE2_CASELESS,
                                   word->reason, NULL, 0)
            == -1)
        {
            violet_reasons_destroy(reasons);
            violet_reasons_users = 0;
            return -1;
        }
    }

    violet_reasons_builtin = reasons;

    return 0;
}


void
violet_reasons_cleanup(void)
{
    if (violet_reasons_users == 0 || --violet_reasons_users) {
        return;
    }

    violet_reasons_destroy(violet_reasons_builtin);
    violet_reasons_builtin = NULL;
}


violet_reason_t
violet_reason_find(const violet_reasons_t *reasons, violet_text_t error,
    violet_text_t type, violet_text_t message)
{
    violet_reason_t  reason;

    if (violet_reason_word(violet_reason_errors, error, &reason) == 0
        || violet_reason_word(violet_reason_types, type, &reason) == 0)
    {
        return reason;
    }

    message = violet_reason_cut(message);

    if (violet_reasons_match(reasons, message, &reason) == 0
        || violet_reasons_match(violet_reasons_builtin, message, &reason) == 0
        || violet_reason_word(violet_reason_item_types, type, &reason) == 0)
    {
        return reason;
    }

    return VIOLET_REASON_OTHER;
}


static int
violet_reason_word(const violet_reason_word_t *words, violet_text_t text,
    violet_reason_t *reason)
{
    for ( /* void */ ; words->word; words++) {

        if (violet_text_is(text, words->word)) {
            *reason = words->reason;
            return 0;
        }
    }

    return -1;
}


/*
 * A pattern that reaches its limits counts as not matched; the patterns after
 * it are tried.
 */

static int
violet_reasons_match(const violet_reasons_t *reasons, violet_text_t message,
    violet_reason_t *reason)
{
    int                rc;
    size_t             i;
    pcre2_match_data  *data;

    if (reasons == NULL || reasons->n == 0 || message.data == NULL) {
        return -1;
    }

    data = pcre2_match_data_create(1, NULL);
    if (data == NULL) {
        return -1;
    }

    rc = PCRE2_ERROR_NOMATCH;

    for (i = 0; i < reasons->n && rc < 0; i++) {

        rc = pcre2_match(reasons->elts[i].code, (PCRE2_SPTR) message.data,
                         message.len, 0, 0, data, reasons->limits);
        if (rc >= 0) {
            *reason = reasons->elts[i].reason;
        }
    }

    pcre2_match_data_free(data);

    return rc >= 0 ? 0 : -1;
}


/* Cuts a long message at the end of a UTF-8 character. */

static violet_text_t
violet_reason_cut(violet_text_t message)
{
    size_t  len;

    if (message.len <= VIOLET_REASON_MESSAGE) {
        return message;
    }

    len = VIOLET_REASON_MESSAGE;

    while (len > VIOLET_REASON_MESSAGE - 4
           && ((unsigned char) message.data[len] & 0xc0) == 0x80)
    {
        len--;
    }

    message.len = len;

    return message;
}
