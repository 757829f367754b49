
/*
 * Dates as Violet writes them: ISO 8601 with seconds and an offset, such as
 * "2024-08-29T22:52:52+0000".
 */

#ifndef VIOLET_DATE_H
#define VIOLET_DATE_H


#include <stdint.h>

#include "violet_text.h"


/*
 * Reads a date of the years 1970 to 9999; the offset may have a colon or be
 * "Z", and the seconds may have a fraction.  Sets *date, in ms since the
 * epoch.  Returns 0, or -1 for any other text.
 */

int violet_date_parse(violet_text_t text, int64_t *date);


#endif /* VIOLET_DATE_H */
