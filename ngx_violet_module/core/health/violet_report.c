
/*
 * Reads the merchant's id, the status of each section and the status of the
 * merchant.  Violet writes names in snake_case or camelCase, and statuses in
 * upper or lower case.  An unknown status makes a merchant degraded, never
 * ready.
 */

#include <string.h>

#include "violet_json.h"
#include "violet_json_outline.h"
#include "violet_report.h"


typedef struct {
    const char               *snake;
    const char               *camel;
} violet_report_name_t;


typedef struct {
    const char               *word;
    violet_report_state_t     state;
} violet_report_word_t;


static json_t *violet_report_parse(const char *data, size_t len,
    violet_report_check_t *report);
static const char *violet_report_check_owner(const json_t *root,
    int32_t merchant_id);
static const char *violet_report_member(json_t *member,
    violet_report_check_t *report);
static const char *violet_report_sections(json_t *root,
    violet_report_check_t *report);
static int violet_report_is_section(const char *key);
static violet_report_state_t violet_report_section(const json_t *section,
    int known);
static void violet_report_merchant(const json_t *root,
    violet_report_check_t *report);
static violet_report_state_t violet_report_merchant_status(
    const json_t *value);
static void violet_report_worsen(violet_report_check_t *report,
    violet_report_state_t state);


/* all members of a report, and their member "status" */

static const violet_json_pick_t  violet_report_section_picks[] = {
    { violet_text("status"), NULL },
    { violet_text_null, NULL }
};


static const violet_json_pick_t  violet_report_picks[] = {
    { violet_text("*"), violet_report_section_picks },
    { violet_text_null, NULL }
};


static const violet_report_name_t  violet_report_section_names[] = {
    { "connection", "connection" },
    { "scope_validation", "scopeValidation" },
    { "sync_status", "syncStatus" },
    { "invalid_products", "invalidProducts" },
    { "offers_published", "offersPublished" },
    { "payout_account", "payoutAccount" },
    { "migration", "migration" },
    { "commission_rate", "commissionRate" }
};


static const violet_report_word_t  violet_report_section_words[] = {
    { "COMPLETE", VIOLET_REPORT_READY },
    { "NOT_APPLICABLE", VIOLET_REPORT_READY },
    { "INCOMPLETE", VIOLET_REPORT_DEGRADED },
    { "NEEDS_ATTENTION", VIOLET_REPORT_BLOCKED },
    { "ERROR", VIOLET_REPORT_BLOCKED }
};


static const violet_report_word_t  violet_report_merchant_words[] = {
    { "ACTIVE", VIOLET_REPORT_READY },
    { "INACTIVE", VIOLET_REPORT_BLOCKED },
    { "FOR_DELETION", VIOLET_REPORT_BLOCKED },
    { "APPLICATION_DENIED", VIOLET_REPORT_BLOCKED }
};


int
violet_report_check(const char *data, size_t len, int32_t merchant_id,
    violet_report_check_t *report)
{
    json_t  *root;

    root = violet_report_parse(data, len, report);
    if (root == NULL) {
        return -1;
    }

    if (json_is_object(root)) {
        report->reason = violet_report_check_owner(root, merchant_id);

    } else {
        report->reason = "not an object";
    }

    if (report->reason == NULL) {
        report->reason = violet_report_sections(root, report);
    }

    if (report->reason == NULL) {
        violet_report_merchant(root, report);
    }

    json_decref(root);

    return report->reason ? -1 : 0;
}


int
violet_report_list_check(const char *data, size_t len,
    violet_report_check_t *report)
{
    size_t   i;
    json_t  *root;

    root = violet_report_parse(data, len, report);
    if (root == NULL) {
        return -1;
    }

    if (!json_is_array(root)) {
        report->reason = "not an array";
    }

    for (i = 0; i < json_array_size(root) && report->reason == NULL; i++) {
        report->reason = violet_report_member(json_array_get(root, i),
                                              report);
    }

    json_decref(root);

    return report->reason ? -1 : 0;
}


int
violet_report_is_refusal(const char *data, size_t len)
{
    int                   is;
    json_t               *root;
    violet_json_error_t   error;

    root = violet_json_parse(data, len, &error);

    is = (root != NULL && violet_json_is_exception(root));

    json_decref(root);

    return is;
}


const char *
violet_report_state_name(violet_report_state_t state)
{
    switch (state) {

    case VIOLET_REPORT_READY:
        return "ready";

    case VIOLET_REPORT_DEGRADED:
        return "degraded";

    default: /* VIOLET_REPORT_BLOCKED */
        return "blocked";
    }
}


int
violet_report_state_parse(const char *data, size_t len,
    violet_report_state_t *state)
{
    int          i;
    const char  *name;

    for (i = VIOLET_REPORT_READY; i <= VIOLET_REPORT_BLOCKED; i++) {

        name = violet_report_state_name((violet_report_state_t) i);

        if (len == strlen(name) && memcmp(data, name, len) == 0) {
            *state = (violet_report_state_t) i;
            return 0;
        }
    }

    return -1;
}


/* Parses the whole text if it has no outline. */

static json_t *
violet_report_parse(const char *data, size_t len, violet_report_check_t *report)
{
    json_t                *root;
    violet_json_error_t    error;

    report->state = VIOLET_REPORT_READY;
    report->reason = NULL;
    report->offset = 0;

    root = violet_json_outline(data, len, violet_report_picks);

    if (root) {
        return root;
    }

    root = violet_json_parse(data, len, &error);

    if (root == NULL) {
        report->reason = error.reason;
        report->offset = error.offset;
    }

    return root;
}


/* If the report has both names of the id, both must match. */

static const char *
violet_report_check_owner(const json_t *root, int32_t merchant_id)
{
    int             owner;
    violet_id_t     id;
    const json_t   *snake, *camel;

    snake = violet_json_get(root, "merchant_id", NULL);
    camel = violet_json_get(root, "merchantId", NULL);

    if (snake == NULL && camel == NULL) {
        return "no merchant_id";
    }

    owner = 1;

    if (snake != NULL) {
        id = violet_json_to_id(snake);
        owner = (id.known && id.value == merchant_id);
    }

    if (camel != NULL && owner) {
        id = violet_json_to_id(camel);
        owner = (id.known && id.value == merchant_id);
    }

    return owner ? NULL : "not the merchant_id that was asked for";
}


/* Any merchant's id is valid here, but must match under both names. */

static const char *
violet_report_member(json_t *member, violet_report_check_t *report)
{
    violet_id_t     id;
    const char     *reason;
    const json_t   *value;

    if (!json_is_object(member)) {
        return "an entry that is not an object";
    }

    value = violet_json_get(member, "merchant_id", "merchantId");

    if (value == NULL) {
        return "an entry without merchant_id";
    }

    id = violet_json_to_id(value);

    if (!id.known || id.value < 1 || id.value > INT32_MAX
        || violet_report_check_owner(member, (int32_t) id.value) != NULL)
    {
        return "an entry with an invalid merchant_id";
    }

    reason = violet_report_sections(member, report);

    if (reason != NULL) {
        return "an entry without a known section";
    }

    violet_report_merchant(member, report);

    return NULL;
}


static const char *
violet_report_sections(json_t *root, violet_report_check_t *report)
{
    int           known, found;
    json_t       *section;
    const char   *key;

    found = 0;

    json_object_foreach(root, key, section) {

        known = violet_report_is_section(key);

        if (known && json_is_object(section)) {
            found = 1;
        }

        violet_report_worsen(report, violet_report_section(section, known));
    }

    if (!found) {
        return "no known section";
    }

    if (violet_json_get(root, "connection", NULL) == NULL) {
        violet_report_worsen(report, VIOLET_REPORT_DEGRADED);
    }

    return NULL;
}


static int
violet_report_is_section(const char *key)
{
    size_t  i, n;

    n = sizeof(violet_report_section_names) / sizeof(violet_report_name_t);

    for (i = 0; i < n; i++) {
        if (strcmp(key, violet_report_section_names[i].snake) == 0
            || strcmp(key, violet_report_section_names[i].camel) == 0)
        {
            return 1;
        }
    }

    return 0;
}


/*
 * A member with an unknown name may be a new section or something else: it
 * makes the merchant worse by a status that is known for sections, and not by
 * any other.
 */

static violet_report_state_t
violet_report_section(const json_t *section, int known)
{
    size_t                  i, n;
    violet_text_t           status;
    violet_report_state_t   other;

    other = known ? VIOLET_REPORT_DEGRADED : VIOLET_REPORT_READY;

    /* Violet may send null for a section that was not requested */

    if (json_is_null(section)) {
        return VIOLET_REPORT_READY;
    }

    status = violet_json_text(section, "status", NULL);

    n = sizeof(violet_report_section_words) / sizeof(violet_report_word_t);

    for (i = 0; i < n; i++) {
        if (violet_text_is(status, violet_report_section_words[i].word)) {
            return violet_report_section_words[i].state;
        }
    }

    return other;
}


static void
violet_report_merchant(const json_t *root, violet_report_check_t *report)
{
    const json_t  *status;

    status = violet_json_get(root, "merchant_status", NULL);
    violet_report_worsen(report, violet_report_merchant_status(status));

    status = violet_json_get(root, "merchantStatus", NULL);
    violet_report_worsen(report, violet_report_merchant_status(status));
}


static violet_report_state_t
violet_report_merchant_status(const json_t *value)
{
    size_t          i, n;
    violet_text_t   status;

    if (value == NULL) {
        return VIOLET_REPORT_READY;
    }

    status = violet_json_to_text(value);

    n = sizeof(violet_report_merchant_words) / sizeof(violet_report_word_t);

    for (i = 0; i < n; i++) {
        if (violet_text_is(status, violet_report_merchant_words[i].word)) {
            return violet_report_merchant_words[i].state;
        }
    }

    /* DISABLED, DISABLED_INACTIVE and any other that begins so */

    if (status.len > 8) {
        status.len = 8;
    }

    return violet_text_is(status, "DISABLED") ? VIOLET_REPORT_BLOCKED
                                              : VIOLET_REPORT_DEGRADED;
}


static void
violet_report_worsen(violet_report_check_t *report, violet_report_state_t state)
{
    if (state > report->state) {
        report->state = state;
    }
}
