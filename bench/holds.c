
/*
 * Measures how long the core holds the event loop for one large answer of
 * Violet's: the judge of submits and the checks of reports, for each form that
 * takes another way through them.  Built and run by bench/holds.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "violet_cart.h"
#include "violet_report.h"


#define ROUNDS  25


typedef enum { SUBMIT, REPORT, LIST } kind_t;


/* "head", then numbered items joined by commas up to the size, then "tail" */

typedef struct {
    const char  *name;
    kind_t       kind;
    unsigned     status;
    const char  *head;
    const char  *item;      /* may have one %d */
    const char  *tail;
} form_t;


#define ORDER(status)  "{\"id\":1,\"status\":\"" status "\","
#define BAG            "\"bags\":[{\"id\":2,\"status\":\"ACCEPTED\"}],"
#define BAGS           "\"bags\":[{\"id\":2,\"status\":\"ACCEPTED\"},"        \
                       "{\"id\":3,\"status\":\"REJECTED\"}],"
#define SKU            "{\"id\":%d,\"sku_id\":99999,\"quantity\":1,"          \
                       "\"name\":\"A shirt\",\"price\":1990,\"tags\":[1,2],"  \
                       "\"image\":\"https://cdn.example.com/a/b/c.jpg\"}"
#define ERROR          "{\"id\":%d,\"bag_id\":3,\"type\":"                    \
                       "\"EXTERNAL_SUBMIT_CART\",\"entity_type\":\"BAG\","    \
                       "\"message\":\"Item is no longer available.\"}"
#define OWNER          "{\"merchant_id\":1,\"connection\":"                   \
                       "{\"status\":\"COMPLETE\"},"


static const form_t  forms[] = {
    { "completed order, SKUs", SUBMIT, 200, ORDER("COMPLETED") BAG
      "\"skus\":[", SKU, "]}" },
    { "completed order, numbers", SUBMIT, 200, ORDER("COMPLETED") BAG
      "\"x\":[", "%d", "]}" },
    { "completed order, one-digit numbers", SUBMIT, 200, ORDER("COMPLETED") BAG
      "\"x\":[", "1", "]}" },
    { "completed order, two-digit numbers", SUBMIT, 200, ORDER("COMPLETED")
      BAG "\"x\":[", "10", "]}" },
    { "completed order, negative numbers", SUBMIT, 200, ORDER("COMPLETED")
      BAG "\"x\":[", "-1", "]}" },
    { "completed order, three-digit numbers", SUBMIT, 200, ORDER("COMPLETED")
      BAG "\"x\":[", "100", "]}" },
    { "completed order, numbers in objects", SUBMIT, 200, ORDER("COMPLETED")
      BAG "\"x\":[", "{\"\":1}", "]}" },
    { "completed order, empty texts", SUBMIT, 200, ORDER("COMPLETED") BAG
      "\"x\":[", "\"\"", "]}" },
    { "completed order, reals", SUBMIT, 200, ORDER("COMPLETED") BAG
      "\"x\":[", "%d.5e3", "]}" },
    { "completed order, empty arrays", SUBMIT, 200, ORDER("COMPLETED") BAG
      "\"x\":[", "[]", "]}" },
    { "completed order, distinct names", SUBMIT, 200, ORDER("COMPLETED") BAG
      "\"x\":{", "\"n%d\":1", "}}" },
    { "completed order, distinct names at its top", SUBMIT, 200,
      ORDER("COMPLETED") BAG "\"x\":1,", "\"n%d\":1", "}" },
    { "completed order, one long text", SUBMIT, 200, ORDER("COMPLETED") BAG
      "\"x\":[\"", "a long text", "\"]}" },
    { "completed order, Chinese text", SUBMIT, 200, ORDER("COMPLETED") BAG
      "\"x\":[\"", "\xe4\xbd\xa0\xe5\xa5\xbd", "\"]}" },
    { "completed order, escapes", SUBMIT, 200, ORDER("COMPLETED") BAG
      "\"x\":[\"", "\\u4f60\\n", "\"]}" },
    { "partial order, SKUs", SUBMIT, 200, ORDER("IN_PROGRESS") BAGS
      "\"skus\":[", SKU, "]}" },
    { "partial order, numbers", SUBMIT, 200, ORDER("IN_PROGRESS") BAGS
      "\"x\":[", "%d", "]}" },
    { "partial order, distinct names", SUBMIT, 200, ORDER("IN_PROGRESS") BAGS
      "\"x\":{", "\"n%d\":1", "}}" },
    { "partial order, errors", SUBMIT, 200, ORDER("IN_PROGRESS") BAGS
      "\"errors\":[", ERROR, "]}" },
    { "partial order, errors with distinct messages", SUBMIT, 200,
      ORDER("IN_PROGRESS") BAGS "\"errors\":[",
      "{\"bag_id\":3,\"message\":\"Item %d is out of stock\"}", "]}" },
    { "partial order, 32,000 values in an error", SUBMIT, 200,
      ORDER("IN_PROGRESS") BAGS "\"errors\":[{\"x\":[", "1", "]}]}" },
    { "partial order, one long message", SUBMIT, 200, ORDER("IN_PROGRESS") BAGS
      "\"errors\":[{\"bag_id\":3,\"message\":\"", "a long text",
      "\"}]}" },
    { "order with bags", SUBMIT, 200, ORDER("IN_PROGRESS") "\"bags\":[",
      "{\"id\":%d,\"status\":\"REJECTED\"}", "]}" },
    { "escaped name, numbers", SUBMIT, 200, "{\"\\u0069d\":1,\"x\":[", "%d",
      "]}" },
    { "escaped name, distinct names", SUBMIT, 200, "{\"\\u0069d\":1,\"x\":{",
      "\"n%d\":1", "}}" },
    { "HTML", SUBMIT, 200, "<html><body>", "<p>It broke</p>", "</body>" },
    { "HTML, 502", SUBMIT, 502, "<html><body>", "<p>It broke</p>",
      "</body>" },
    { "API exception, data", SUBMIT, 422,
      "{\"message\":\"no\",\"code\":1,\"error\":\"e\",\"data\":{\"x\":[", "%d",
      "]}}" },

    { "report, text", REPORT, 200, OWNER "\"note\":\"", "a long text", "\"}" },
    { "report, numbers", REPORT, 200, OWNER "\"x\":[", "%d", "]}" },
    { "report, objects", REPORT, 200, OWNER "\"x\":[", SKU, "]}" },
    { "report, distinct names", REPORT, 200, OWNER "\"x\":{", "\"n%d\":1",
      "}}" },
    { "report, distinct names at its top", REPORT, 200, OWNER "\"x\":1,",
      "\"n%d\":1", "}" },
    { "report, HTML", REPORT, 200, "<html>", "<p>It broke</p>", "</html>" },

    { "list of merchants", LIST, 200, "[",
      "{\"merchant_id\":%d,\"connection\":{\"status\":\"COMPLETE\"},"
      "\"note\":\"a long text about this merchant, and more of it\"}", "]" },
    { "list, numbers", LIST, 200, "[" OWNER "\"x\":[", "%d", "]}]" },
    { "list, escaped name", LIST, 200, "[{\"merchant\\u005fid\":1,\"x\":[",
      "%d", "]}]" }
};


static char *
fill(const form_t *form, size_t size, size_t *len)
{
    int     n, joined;
    char   *text, *p;

    text = malloc(size + 1024);
    if (text == NULL) {
        exit(1);
    }

    p = text + sprintf(text, "%s", form->head);
    joined = (form->head[strlen(form->head) - 1] != '"'
              && form->head[0] != '<');

    for (n = 0; p < text + size; n++) {

        if (n && joined) {
            *p++ = ',';
        }

        /* the items are those of the table above */

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        p += sprintf(p, form->item, n);
#pragma GCC diagnostic pop
    }

    p += sprintf(p, "%s", form->tail);

    *len = (size_t) (p - text);

    return text;
}


static const char *
judge(const form_t *form, const char *text, size_t len)
{
    violet_cart_answer_t   answer;
    violet_cart_verdict_t  verdict;
    violet_report_check_t  report;

    if (form->kind == REPORT) {
        return violet_report_check(text, len, 1, &report) == 0
               ? "a report" : "no report";
    }

    if (form->kind == LIST) {
        return violet_report_list_check(text, len, &report) == 0
               ? "a list" : "no list";
    }

    memset(&answer, 0, sizeof(answer));

    answer.status = form->status;
    answer.body.data = text;
    answer.body.len = len;
    answer.cart_id = 1;
    answer.partial_status = 207;

    if (violet_cart_judge(&answer, &verdict) != 0) {
        return "no memory";
    }

    free(verdict.problem);

    return violet_cart_outcome_name(verdict.outcome);
}


static double
milliseconds(void)
{
    struct timespec  ts;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);

    return (double) ts.tv_sec * 1e3 + (double) ts.tv_nsec / 1e6;
}


int
main(int argc, char **argv)
{
    int          round, over;
    char        *text;
    double       begun, took, least;
    size_t       i, len, size;
    const char  *result;

    if (argc != 3) {
        return 2;
    }

    size = (size_t) atol(argv[1]);
    over = 0;

    for (i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        text = fill(&forms[i], size, &len);
        least = 1e9;
        result = "";

        for (round = 0; round < ROUNDS; round++) {
            begun = milliseconds();
            result = judge(&forms[i], text, len);
            took = milliseconds() - begun;
            least = took < least ? took : least;
        }

        printf("| %s | %.1f | %s |\n", forms[i].name, least, result);

        over += least > atof(argv[2]);
        free(text);
    }

    return over ? 1 : 0;
}
