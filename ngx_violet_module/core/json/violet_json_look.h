
/*
 * One look at many bytes of a text, where the CPU has SSE2, as every one of
 * x86-64 has.  Shared by the files that read lexemes.
 */

#ifndef VIOLET_JSON_LOOK_H
#define VIOLET_JSON_LOOK_H


#if defined(__SSE2__)

#include <emmintrin.h>


/*
 * A bit for each of sixteen bytes: a quote, a backslash, a control character,
 * or one that is not ASCII.  Signed, a byte above 0x7f is below 0x20.
 */

static inline unsigned
violet_json_odd(const char *p)
{
    __m128i  w, odd;

    w = _mm_loadu_si128((const __m128i *) p);

    odd = _mm_or_si128(_mm_cmplt_epi8(w, _mm_set1_epi8(0x20)),
                       _mm_or_si128(_mm_cmpeq_epi8(w, _mm_set1_epi8('"')),
                                    _mm_cmpeq_epi8(w, _mm_set1_epi8('\\'))));

    return (unsigned) _mm_movemask_epi8(odd);
}


/* The same for 32 bytes. */

static inline unsigned
violet_json_odd_32(const char *p)
{
    return violet_json_odd(p) | violet_json_odd(p + 16) << 16;
}


/* A bit for each of sixteen bytes: minus '0', a non-digit is above 9. */

static inline unsigned
violet_json_no_digits(const char *p)
{
    __m128i  w;

    w = _mm_loadu_si128((const __m128i *) p);
    w = _mm_sub_epi8(w, _mm_set1_epi8('0'));
    w = _mm_cmpeq_epi8(w, _mm_min_epu8(w, _mm_set1_epi8(9)));

    return 0xffff & ~(unsigned) _mm_movemask_epi8(w);
}

#endif


#endif /* VIOLET_JSON_LOOK_H */
