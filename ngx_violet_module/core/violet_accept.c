
/*
 * Accept.  A weight is kept in thousandths; one that is no number counts as 0,
 * so that the type is not chosen.
 */


#include "violet_accept.h"


static violet_text_t violet_accept_cut(violet_text_t *text, char separator);
static violet_text_t violet_accept_trim(violet_text_t text);
static int violet_accept_weight(violet_text_t parameters);
static int violet_accept_quality(violet_text_t value);


int
violet_accept(violet_text_t header, const char *const *types)
{
    int            best, weight, heaviest, i;
    violet_text_t  item, type;

    best = -1;
    heaviest = 0;

    while (header.len) {
        item = violet_accept_cut(&header, ',');
        type = violet_accept_trim(violet_accept_cut(&item, ';'));
        weight = violet_accept_weight(item);

        for (i = 0; types[i]; i++) {

            if (weight > heaviest && violet_text_is(type, types[i])) {
                best = i;
                heaviest = weight;
            }
        }
    }

    return best;
}


/* The text up to a separator, which is taken off *text with it. */

static violet_text_t
violet_accept_cut(violet_text_t *text, char separator)
{
    const char     *p;
    violet_text_t   part;

    p = text->len ? memchr(text->data, separator, text->len) : NULL;

    part.data = text->data;
    part.len = p ? (size_t) (p - text->data) : text->len;

    if (p) {
        text->len -= part.len + 1;
        text->data = p + 1;

    } else {
        text->len = 0;
    }

    return part;
}


static violet_text_t
violet_accept_trim(violet_text_t text)
{
    while (text.len && (*text.data == ' ' || *text.data == '\t')) {
        text.data++;
        text.len--;
    }

    while (text.len && (text.data[text.len - 1] == ' '
                        || text.data[text.len - 1] == '\t'))
    {
        text.len--;
    }

    return text;
}


static int
violet_accept_weight(violet_text_t parameters)
{
    violet_text_t  parameter;

    while (parameters.len) {
        parameter = violet_accept_trim(violet_accept_cut(&parameters, ';'));

        if (parameter.len > 2 && (parameter.data[0] | 0x20) == 'q'
            && parameter.data[1] == '=')
        {
            parameter.data += 2;
            parameter.len -= 2;

            return violet_accept_quality(parameter);
        }
    }

    return 1000;
}


/* "0", "1", or one of these with up to three decimals. */

static int
violet_accept_quality(violet_text_t value)
{
    int     weight, unit;
    size_t  i;

    if (value.data[0] != '0' && value.data[0] != '1') {
        return 0;
    }

    weight = (value.data[0] - '0') * 1000;
    unit = 100;

    for (i = 2; i < value.len && i < 5; i++) {

        if (value.data[1] != '.' || value.data[i] < '0' || value.data[i] > '9')
        {
            return 0;
        }

        weight += (value.data[i] - '0') * unit;
        unit /= 10;
    }

    return weight > 1000 ? 1000 : weight;
}
