
/*
 * A date is read from left to right; nothing is allocated, and the locale and
 * the time zone of the process play no part.
 */

#include "violet_date.h"


static int violet_date_digits(violet_text_t *text, unsigned n, int *value);
static int violet_date_char(violet_text_t *text, char c);
static int violet_date_fraction(violet_text_t *text, int *ms);
static int violet_date_offset(violet_text_t *text, int *minutes);
static int64_t violet_date_days(int year, int month, int day);


int
violet_date_parse(violet_text_t text, int64_t *date)
{
    int  year, month, day, hour, minute, second, ms, offset;

    if (text.data == NULL
        || violet_date_digits(&text, 4, &year) != 0
        || violet_date_char(&text, '-') != 0
        || violet_date_digits(&text, 2, &month) != 0
        || violet_date_char(&text, '-') != 0
        || violet_date_digits(&text, 2, &day) != 0
        || violet_date_char(&text, 'T') != 0
        || violet_date_digits(&text, 2, &hour) != 0
        || violet_date_char(&text, ':') != 0
        || violet_date_digits(&text, 2, &minute) != 0
        || violet_date_char(&text, ':') != 0
        || violet_date_digits(&text, 2, &second) != 0
        || violet_date_fraction(&text, &ms) != 0
        || violet_date_offset(&text, &offset) != 0
        || text.len != 0)
    {
        return -1;
    }

    if (year < 1970 || month < 1 || month > 12 || day < 1 || day > 31
        || hour > 23 || minute > 59 || second > 60)
    {
        return -1;
    }

    *date = ((violet_date_days(year, month, day) * 24 + hour) * 60 + minute
             - offset) * 60000
            + second * 1000 + ms;

    return 0;
}


static int
violet_date_digits(violet_text_t *text, unsigned n, int *value)
{
    *value = 0;

    while (n--) {

        if (text->len == 0 || *text->data < '0' || *text->data > '9') {
            return -1;
        }

        *value = *value * 10 + *text->data - '0';

        text->data++;
        text->len--;
    }

    return 0;
}


static int
violet_date_char(violet_text_t *text, char c)
{
    if (text->len == 0 || *text->data != c) {
        return -1;
    }

    text->data++;
    text->len--;

    return 0;
}


/* The fraction may be missing; digits after the third are left out. */

static int
violet_date_fraction(violet_text_t *text, int *ms)
{
    int  digit, unit;

    *ms = 0;

    if (violet_date_char(text, '.') != 0) {
        return 0;
    }

    if (violet_date_digits(text, 1, &digit) != 0) {
        return -1;
    }

    unit = 100;

    do {
        *ms += digit * unit;
        unit /= 10;

    } while (violet_date_digits(text, 1, &digit) == 0);

    return 0;
}


static int
violet_date_offset(violet_text_t *text, int *minutes)
{
    int  sign, hour, minute;

    *minutes = 0;

    if (violet_date_char(text, 'Z') == 0) {
        return 0;
    }

    if (violet_date_char(text, '+') == 0) {
        sign = 1;

    } else if (violet_date_char(text, '-') == 0) {
        sign = -1;

    } else {
        return -1;
    }

    if (violet_date_digits(text, 2, &hour) != 0) {
        return -1;
    }

    (void) violet_date_char(text, ':');

    if (violet_date_digits(text, 2, &minute) != 0 || hour > 23 || minute > 59)
    {
        return -1;
    }

    *minutes = sign * (hour * 60 + minute);

    return 0;
}


/* Days since the epoch.  The year begins in March, so a leap day ends it. */

static int64_t
violet_date_days(int year, int month, int day)
{
    int64_t  days;

    if (month <= 2) {
        year--;
        month += 12;
    }

    days = 365 * (int64_t) year + year / 4 - year / 100 + year / 400;

    return days + (153 * (month - 3) + 2) / 5 + day - 1 - 719468;
}
