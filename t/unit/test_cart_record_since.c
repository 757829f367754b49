
/*
 * Since when the submits of a joined record have been in doubt: what Violet
 * shows of an order proves nothing before that time is over.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "violet_cart_record.h"


static void
doubt_of(violet_cart_record_t *record, int who, uint32_t seq, int64_t since)
{
    memset(record, 0, sizeof(violet_cart_record_t));

    record->state = VIOLET_RECORD_UNKNOWN;
    record->token[0] = (unsigned char) who;
    record->seq = seq;
    record->stamp = seq;
    record->since = since;
}


/*
 * Two submits in doubt: the time runs from the last of them, whichever of the
 * records has been written more often.
 */

static void
test_since(void **state)
{
    size_t                i;
    violet_cart_record_t  host, redis, result;

    static const struct {
        uint32_t  host_seq;
        int64_t   host_since, redis_since;    /* ms */
    } rows[] = {
        { 22, 99000, 24000 },
        { 2, 99000, 24000 },
        { 22, 24000, 99000 },
        { 2, 24000, 99000 }
    };

    (void) state;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        doubt_of(&host, 1, rows[i].host_seq, rows[i].host_since);
        doubt_of(&redis, 2, 3, rows[i].redis_since);

        assert_int_equal(violet_cart_record_join(&host, &redis, 1, &result), 1);
        assert_int_equal(result.state, VIOLET_RECORD_UNKNOWN);
        assert_int_equal(result.since, 24000);
    }
}


int
main(void)
{
    static const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_since)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
