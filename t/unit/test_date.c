
/*
 * Dates as Violet writes them, and texts that are none.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "violet_date.h"


/* 2024-08-29T22:52:52Z */
#define SENT  INT64_C(1724971972000)


static void
test_dates(void **state)
{
    size_t         i;
    int64_t        date;
    violet_text_t  text;

    static const struct {
        const char  *text;
        int64_t      date;     /* -1: none */
    } dates[] = {
        { "2024-08-29T22:52:52+0000", SENT },
        { "2024-08-29T22:52:52Z", SENT },
        { "2024-08-29T22:52:52.1Z", SENT + 100 },
        { "2024-08-29T22:52:52.1239Z", SENT + 123 },
        { "2024-08-29T22:52:52.000+00:00", SENT },
        { "2024-08-30T00:22:52+01:30", SENT },
        { "2024-08-29T17:52:52-0500", SENT },
        { "1970-01-01T00:00:00Z", 0 },
        { "2024-02-29T00:00:00Z", INT64_C(1709164800000) },
        { "2000-03-01T00:00:00Z", INT64_C(951868800000) },
        { "2100-03-01T00:00:00Z", INT64_C(4107542400000) },
        { "9999-12-31T23:59:59Z", INT64_C(253402300799000) },
        { "", -1 },
        { "2024-08-29", -1 },
        { "2024-08-29T22:52:52", -1 },
        { "2024-08-29T22:52:52+00", -1 },
        { "2024-08-29T22:52:52+", -1 },
        { "2024-08-29T22:52:52-5:00", -1 },
        { "2024-08-29T22:52:52.Z", -1 },
        { "2024-08-29T22:52:52Z ", -1 },
        { "2024-13-29T22:52:52Z", -1 },
        { "2024-08-32T22:52:52Z", -1 },
        { "2024-08-29T24:52:52Z", -1 },
        { "2024-08-29T22:60:52Z", -1 },
        { "2024-08-29T22:52:61Z", -1 },
        { "2024-08-29T22:52:52+2400", -1 },
        { "2024-08-29T22:52:52+0060", -1 },
        { "1969-08-29T22:52:52Z", -1 },
        { "2024-08-29 22:52:52Z", -1 },
        { "+024-08-29T22:52:52Z", -1 }
    };

    (void) state;

    for (i = 0; i < sizeof(dates) / sizeof(dates[0]); i++) {
        text.data = dates[i].text;
        text.len = strlen(dates[i].text);
        date = -1;

        if (violet_date_parse(text, &date) != (dates[i].date == -1 ? -1 : 0)
            || date != dates[i].date)
        {
            fail_msg("%s: %lld", dates[i].text, (long long) date);
        }
    }

    text.data = NULL;
    text.len = 0;
    assert_int_equal(violet_date_parse(text, &date), -1);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_dates)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
