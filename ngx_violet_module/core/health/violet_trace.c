
/*
 * The forms of headers that are passed on to Violet.  Nothing is kept.
 */


#include "violet_trace.h"


/* bytes of a traceparent of version 00: two, 32, 16 and two digits */
#define VIOLET_TRACE_LENGTH  55


static int violet_trace_is_hex(const char *p, size_t len);
static int violet_trace_is_zero(const char *p, size_t len);
static int violet_trace_is_printable(violet_text_t value, size_t max);


int
violet_trace_is_parent(violet_text_t value)
{
    const char  *p;

    p = value.data;

    if (value.len < VIOLET_TRACE_LENGTH
        || !violet_trace_is_printable(value, VIOLET_TRACE_PARENT)
        || p[2] != '-' || p[35] != '-' || p[52] != '-'
        || !violet_trace_is_hex(p, 2)
        || !violet_trace_is_hex(p + 3, 32)
        || !violet_trace_is_hex(p + 36, 16)
        || !violet_trace_is_hex(p + 53, 2)
        || violet_trace_is_zero(p + 3, 32)
        || violet_trace_is_zero(p + 36, 16)
        || (p[0] == 'f' && p[1] == 'f'))
    {
        return 0;
    }

    if (value.len == VIOLET_TRACE_LENGTH) {
        return 1;
    }

    return !violet_trace_is_zero(p, 2) && p[VIOLET_TRACE_LENGTH] == '-';
}


int
violet_trace_is_state(violet_text_t value)
{
    return violet_trace_is_printable(value, VIOLET_TRACE_STATE);
}


int
violet_trace_is_id(violet_text_t value)
{
    return violet_trace_is_printable(value, VIOLET_TRACE_ID);
}


static int
violet_trace_is_hex(const char *p, size_t len)
{
    size_t  i;

    for (i = 0; i < len; i++) {
        if ((p[i] < '0' || p[i] > '9') && (p[i] < 'a' || p[i] > 'f')) {
            return 0;
        }
    }

    return 1;
}


static int
violet_trace_is_zero(const char *p, size_t len)
{
    size_t  i;

    for (i = 0; i < len; i++) {
        if (p[i] != '0') {
            return 0;
        }
    }

    return 1;
}


static int
violet_trace_is_printable(violet_text_t value, size_t max)
{
    size_t  i;

    for (i = 0; i < value.len; i++) {
        if (value.data[i] < 0x20 || value.data[i] > 0x7e) {
            return 0;
        }
    }

    return value.len > 0 && value.len <= max;
}
