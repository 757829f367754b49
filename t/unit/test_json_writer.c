
/*
 * JSON that is written as text: what each function writes, texts of any
 * bytes, and buffers that are too small.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "violet_json_writer.h"


#define EXPECTED                                                              \
    "{\"word\":\"yes\",\"none\":null,\"number\":-7,\"id\":9,\"unknown\":null," \
    "\"text\":\"a\",\"absent\":null,\"items\":[{\"n\":1},{\"n\":2}],"         \
    "\"object\":{},\"last\":true}"


static void
write_document(violet_json_writer_t *w)
{
    violet_id_t    unknown;
    violet_id_t    id = { 9, 1 };
    violet_text_t  text = violet_text("a");
    violet_text_t  absent = violet_text_null;

    memset(&unknown, 0, sizeof(violet_id_t));

    violet_json_write_open(w, '{');
    violet_json_write_word(w, "word", "yes");
    violet_json_write_word(w, "none", NULL);
    violet_json_write_integer(w, "number", -7);
    violet_json_write_id(w, "id", id);
    violet_json_write_id(w, "unknown", unknown);
    violet_json_write_text(w, "text", text, 8);
    violet_json_write_text(w, "absent", absent, 8);

    violet_json_write_name(w, "items");
    violet_json_write_open(w, '[');
    violet_json_write_item(w);
    violet_json_write_integer(w, "n", 1);
    violet_json_write_close(w, '}');
    violet_json_write_item(w);
    violet_json_write_integer(w, "n", 2);
    violet_json_write_close(w, '}');
    violet_json_write_close(w, ']');

    violet_json_write_name(w, "object");
    violet_json_write_open(w, '{');
    violet_json_write_close(w, '}');

    violet_json_write_name(w, "last");
    violet_json_write_literal(w, "true");
    violet_json_write_close(w, '}');
}


static void
test_document(void **state)
{
    violet_json_writer_t  w;

    (void) state;

    memset(&w, 0, sizeof(violet_json_writer_t));

    write_document(&w);

    assert_false(w.failed);
    assert_int_equal(w.len, strlen(EXPECTED));
    assert_memory_equal(w.data, EXPECTED, w.len);

    free(w.data);
}


/* A buffer of the caller's never grows, and nothing is written behind it. */

static void
test_fixed(void **state)
{
    size_t                 size;
    violet_json_writer_t   w;

    (void) state;

    for (size = 0; size <= strlen(EXPECTED); size++) {

        memset(&w, 0, sizeof(violet_json_writer_t));

        w.data = malloc(size + (size == 0));
        assert_non_null(w.data);
        w.size = size;
        w.fixed = 1;

        write_document(&w);

        assert_int_equal(w.failed, size < strlen(EXPECTED));
        assert_true(w.len <= size);

        free(w.data);
    }
}


static void
check_text(const char *bytes, size_t len, size_t max, const char *expected)
{
    json_t                *root;
    violet_text_t          text = { bytes, len };
    violet_json_writer_t   w;

    memset(&w, 0, sizeof(violet_json_writer_t));

    violet_json_write_open(&w, '{');
    violet_json_write_text(&w, "t", text, max);
    violet_json_write_close(&w, '}');

    assert_false(w.failed);

    root = json_loadb(w.data, w.len, 0, NULL);
    assert_non_null(root);
    assert_string_equal(json_string_value(json_object_get(root, "t")),
                        expected);

    json_decref(root);
    free(w.data);
}


static void
test_text(void **state)
{
    (void) state;

    check_text("\"\\\n\r\t\b\x1f/\x7f", 9, 64, "\"\\\n\r\t\b\x1f/\x7f");
    check_text("\xc3\xa9\xe2\x82\xac", 5, 64, "\xc3\xa9\xe2\x82\xac");
    check_text("a\xff" "b\xc3", 4, 64, "a\xef\xbf\xbd" "b\xef\xbf\xbd");
    check_text("", 0, 64, "");

    /* cut: the ellipsis has 3 bytes, and no character is halved */

    check_text("12345678", 8, 8, "12345678");
    check_text("123456789", 9, 8, "12345\xe2\x80\xa6");
    check_text("1234\xc3\xa9zzz", 9, 8, "1234\xe2\x80\xa6");
    check_text("\xf0\x9f\x98\x80\xf0\x9f\x98\x80", 8, 7,
               "\xf0\x9f\x98\x80\xe2\x80\xa6");
}


/* A text that is longer than the first buffer, many times. */

static void
test_growth(void **state)
{
    size_t                 i;
    char                   bytes[1000];
    violet_json_writer_t   w;

    (void) state;

    memset(&w, 0, sizeof(violet_json_writer_t));
    memset(bytes, 'x', sizeof(bytes));

    for (i = 0; i < 100; i++) {
        violet_json_write_bytes(&w, bytes, sizeof(bytes));
    }

    assert_false(w.failed);
    assert_int_equal(w.len, 100 * sizeof(bytes));
    assert_memory_equal(w.data + w.len - sizeof(bytes), bytes, sizeof(bytes));

    /* a length that no memory has; what was written stays */

    violet_json_write_bytes(&w, bytes, SIZE_MAX / 2);
    assert_true(w.failed);
    violet_json_write_literal(&w, "more");
    assert_int_equal(w.len, 100 * sizeof(bytes));

    free(w.data);
}


int
main(void)
{
    static const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_document),
        cmocka_unit_test(test_fixed),
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_growth)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
