
/*
 * The text of a record in Redis, one word for each member:
 *
 *     form seq.stamp state evidence flags doubts left since sent order_id
 *     token body bags kept
 *
 * The digests are hexadecimal; "-" is a digest of zeroes and an empty list.
 * A text that is read came from Redis and is checked word by word.
 */

#include <string.h>

#include "violet_cart_record.h"
#include "violet_text.h"


/* words of a text */
#define VIOLET_RECORD_WORDS  14


static char *violet_cart_record_put(char *p, int64_t number);
static char *violet_cart_record_put_version(char *p,
    const violet_cart_record_t *record);
static char *violet_cart_record_put_state(char *p,
    violet_record_state_t state);
static char *violet_cart_record_put_digest(char *p,
    const unsigned char *digest);
static char *violet_cart_record_put_list(char *p, const int64_t *bags);
static int violet_cart_record_words(const char *data, size_t len,
    violet_text_t *words);
static int violet_cart_record_read(violet_cart_record_t *record,
    const violet_text_t *words);
static int violet_cart_record_version(violet_text_t word,
    violet_cart_record_t *record);
static int violet_cart_record_state(violet_text_t word, uint8_t *state);
static int violet_cart_record_number(violet_text_t word, int64_t max,
    int64_t *number);
static int violet_cart_record_unhex(violet_text_t word,
    unsigned char *digest);
static int violet_cart_record_unlist(violet_text_t word, int64_t *bags);


static const char  violet_cart_record_digits[] = "0123456789abcdef";


/*
 * Each word ends with a space, and the last one with a NUL.  Printing by
 * snprintf() took a tenth of the instructions of a guarded submit.
 */

size_t
violet_cart_record_print(const violet_cart_record_t *record, unsigned form,
    char *buffer)
{
    char  *p;

    p = violet_cart_record_put(buffer, form);
    p = violet_cart_record_put_version(p, record);
    p = violet_cart_record_put_state(p, record->state);
    p = violet_cart_record_put(p, record->evidence);
    p = violet_cart_record_put(p, record->flags);
    p = violet_cart_record_put(p, record->doubts);
    p = violet_cart_record_put(p, record->left);
    p = violet_cart_record_put(p, record->since);
    p = violet_cart_record_put(p, record->sent);
    p = violet_cart_record_put(p, record->order_id);
    p = violet_cart_record_put_digest(p, record->token);
    p = violet_cart_record_put_digest(p, record->body);
    p = violet_cart_record_put_list(p, record->bags);
    p = violet_cart_record_put(p, record->kept);

    *--p = '\0';

    return (size_t) (p - buffer);
}


static char *
violet_cart_record_put(char *p, int64_t number)
{
    p = violet_text_print(p, number);
    *p++ = ' ';

    return p;
}


static char *
violet_cart_record_put_version(char *p, const violet_cart_record_t *record)
{
    int  shift;

    p = violet_text_print(p, record->seq);
    *p++ = '.';

    for (shift = 28; shift >= 0; shift -= 4) {
        *p++ = violet_cart_record_digits[record->stamp >> shift & 15];
    }

    *p++ = ' ';

    return p;
}


static char *
violet_cart_record_put_state(char *p, violet_record_state_t state)
{
    size_t       len;
    const char  *name;

    name = violet_cart_record_name(state);
    len = strlen(name);

    memcpy(p, name, len);
    p[len] = ' ';

    return p + len + 1;
}


static char *
violet_cart_record_put_digest(char *p, const unsigned char *digest)
{
    size_t  i;

    static const unsigned char  none[VIOLET_RECORD_DIGEST];

    if (memcmp(digest, none, VIOLET_RECORD_DIGEST) == 0) {
        *p++ = '-';

    } else {
        for (i = 0; i < VIOLET_RECORD_DIGEST; i++) {
            *p++ = violet_cart_record_digits[digest[i] >> 4];
            *p++ = violet_cart_record_digits[digest[i] & 15];
        }
    }

    *p++ = ' ';

    return p;
}


static char *
violet_cart_record_put_list(char *p, const int64_t *bags)
{
    size_t  i;

    if (bags[0] == 0) {
        *p++ = '-';
    }

    for (i = 0; i < VIOLET_RECORD_BAGS && bags[i]; i++) {

        if (i) {
            *p++ = ',';
        }

        p = violet_text_print(p, bags[i]);
    }

    *p++ = ' ';

    return p;
}


int
violet_cart_record_parse(violet_cart_record_t *record, unsigned form,
    const char *data, size_t len)
{
    int64_t        number;
    violet_text_t  words[VIOLET_RECORD_WORDS];

    memset(record, 0, sizeof(violet_cart_record_t));

    if (violet_cart_record_words(data, len, words) == 0
        && violet_cart_record_number(words[0], UINT32_MAX, &number) == 0
        && number == (int64_t) form
        && violet_cart_record_read(record, words) == 0)
    {
        return 0;
    }

    memset(record, 0, sizeof(violet_cart_record_t));

    record->state = VIOLET_RECORD_UNKNOWN;
    record->doubts = 1;
    record->kept = VIOLET_RECORD_KEEP;

    return -1;
}


static int
violet_cart_record_words(const char *data, size_t len, violet_text_t *words)
{
    size_t  i, n;

    n = 0;
    words[0].data = data;
    words[0].len = 0;

    for (i = 0; i < len; i++) {

        if (data[i] != ' ') {
            words[n].len++;
            continue;
        }

        if (++n == VIOLET_RECORD_WORDS) {
            return -1;
        }

        words[n].data = data + i + 1;
        words[n].len = 0;
    }

    return n == VIOLET_RECORD_WORDS - 1 ? 0 : -1;
}


static int
violet_cart_record_read(violet_cart_record_t *record,
    const violet_text_t *words)
{
    int64_t  evidence, flags, doubts, left;

    if (violet_cart_record_version(words[1], record) != 0
        || violet_cart_record_state(words[2], &record->state) != 0
        || violet_cart_record_number(words[3], VIOLET_SEEN_EVIDENCE,
                                     &evidence) != 0
        || violet_cart_record_number(words[4], UINT8_MAX, &flags) != 0
        || violet_cart_record_number(words[5], UINT16_MAX, &doubts) != 0
        || violet_cart_record_number(words[6], VIOLET_RECORD_FLIGHT, &left)
           != 0
        || violet_cart_record_number(words[7], INT64_MAX / 2, &record->since)
           != 0
        || violet_cart_record_number(words[8], INT64_MAX, &record->sent) != 0
        || violet_cart_record_number(words[9], INT64_MAX, &record->order_id)
           != 0
        || violet_cart_record_unhex(words[10], record->token) != 0
        || violet_cart_record_unhex(words[11], record->body) != 0
        || violet_cart_record_unlist(words[12], record->bags) != 0
        || violet_cart_record_number(words[13], INT64_MAX, &record->kept)
           != 0)
    {
        return -1;
    }

    record->evidence = (uint8_t) evidence;
    record->flags = (uint8_t) flags;
    record->doubts = (uint16_t) doubts;
    record->left = (uint32_t) left;

    return 0;
}


static int
violet_cart_record_version(violet_text_t word, violet_cart_record_t *record)
{
    int            digit;
    size_t         i;
    int64_t        seq;
    violet_text_t  number;

    number = word;

    for (number.len = 0; number.len < word.len; number.len++) {
        if (word.data[number.len] == '.') {
            break;
        }
    }

    if (violet_cart_record_number(number, UINT32_MAX, &seq) != 0
        || word.len != number.len + 9)
    {
        return -1;
    }

    record->seq = (uint32_t) seq;
    record->stamp = 0;

    for (i = number.len + 1; i < word.len; i++) {

        digit = violet_text_hex(word.data[i]);
        if (digit < 0) {
            return -1;
        }

        record->stamp = record->stamp << 4 | (uint32_t) digit;
    }

    return 0;
}


static int
violet_cart_record_state(violet_text_t word, uint8_t *state)
{
    unsigned  i;

    for (i = VIOLET_RECORD_FAILED; i <= VIOLET_RECORD_PARTIAL; i++) {

        if (violet_text_equal(word, violet_cart_record_name(i))) {
            *state = (uint8_t) i;
            return 0;
        }
    }

    return -1;
}


static int
violet_cart_record_number(violet_text_t word, int64_t max, int64_t *number)
{
    size_t   i;
    int64_t  value, digit;

    if (word.len == 0 || (word.len > 1 && word.data[0] == '0')) {
        return -1;
    }

    value = 0;

    for (i = 0; i < word.len; i++) {

        if (word.data[i] < '0' || word.data[i] > '9') {
            return -1;
        }

        digit = word.data[i] - '0';

        if (digit > max || value > (max - digit) / 10) {
            return -1;
        }

        value = value * 10 + digit;
    }

    *number = value;

    return 0;
}


static int
violet_cart_record_unhex(violet_text_t word, unsigned char *digest)
{
    int     high, low;
    size_t  i;

    if (violet_text_equal(word, "-")) {
        return 0;
    }

    if (word.len != 2 * VIOLET_RECORD_DIGEST) {
        return -1;
    }

    for (i = 0; i < VIOLET_RECORD_DIGEST; i++) {
        high = violet_text_hex(word.data[2 * i]);
        low = violet_text_hex(word.data[2 * i + 1]);

        if (high < 0 || low < 0) {
            return -1;
        }

        digest[i] = (unsigned char) (high << 4 | low);
    }

    return 0;
}


static int
violet_cart_record_unlist(violet_text_t word, int64_t *bags)
{
    size_t         i, n;
    violet_text_t  item;

    if (violet_text_equal(word, "-")) {
        return 0;
    }

    n = 0;
    item.data = word.data;
    item.len = 0;

    for (i = 0; i <= word.len; i++) {

        if (i < word.len && word.data[i] != ',') {
            item.len++;
            continue;
        }

        if (n == VIOLET_RECORD_BAGS
            || violet_cart_record_number(item, INT64_MAX, &bags[n]) != 0
            || bags[n] == 0)
        {
            return -1;
        }

        n++;
        item.data = word.data + i + 1;
        item.len = 0;
    }

    return 0;
}
