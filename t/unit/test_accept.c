
/*
 * Accept: weights, order, what is no type.
 */


#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "violet_accept.h"


static void
test_accept(void **state)
{
    size_t         i;
    violet_text_t  header;

    static const char *const  types[] = { "text/plain", "text/html", NULL };

    static const struct {
        const char  *header;
        int          best;
    } table[] = {
        { "", -1 },
        { "*/*", -1 },
        { "text/*", -1 },
        { "image/png", -1 },
        { "text/html", 1 },
        { "TEXT/HTML", 1 },
        { " text/html ; charset=utf-8 ", 1 },
        { "text/html,text/plain", 1 },
        { "text/plain,text/html", 0 },
        { "text/html;q=0.5,text/plain;q=0.6", 0 },
        { "text/html;q=0.501, text/plain;q=0.5", 1 },
        { "text/html; Q=0.1 ;x=1, text/plain;q=0", 1 },
        { "text/html;q=0", -1 },
        { "text/html;q=0.000", -1 },
        { "text/html;q=x", -1 },
        { "text/html;q=0x5", -1 },
        { "text/html;q=0.5x", -1 },
        { "text/html;q=9", -1 },
        { "text/html;q=1.9,text/plain", 1 },
        { "text/html;q=", 1 },
        { ",,;,text/plain;;q=0.3,,", 0 },
        { "text/htmlx", -1 },
        { "text/html\0", 1 }
    };

    (void) state;

    for (i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        header.data = table[i].header;
        header.len = strlen(table[i].header);

        assert_int_equal(violet_accept(header, types), table[i].best);
    }

    header.data = NULL;
    header.len = 0;

    assert_int_equal(violet_accept(header, types), -1);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_accept)
    };

    return cmocka_run_group_tests_name("violet_accept", tests, NULL, NULL);
}
