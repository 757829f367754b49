
/*
 * Headers of a caller that go to Violet with a request that others share: a
 * trace (W3C Trace Context) and the id of the request.  A value that is not
 * of its form is left out: Violet and the log get no text of any kind and
 * length from a caller.
 */

#ifndef VIOLET_TRACE_H
#define VIOLET_TRACE_H


#include "violet_text.h"


#define VIOLET_TRACE_PARENT  256    /* bytes of a traceparent */
#define VIOLET_TRACE_STATE   512    /* bytes of a tracestate */
#define VIOLET_TRACE_ID      128    /* bytes of a request id */


/*
 * True if the text is a valid traceparent: version, trace, parent and flags
 * in lower-case hexadecimal, neither trace nor parent only zeros.  A version
 * above 00 may have more after them.
 */

int violet_trace_is_parent(violet_text_t value);


/* True if the text is 1 to VIOLET_TRACE_STATE bytes of printable ASCII. */

int violet_trace_is_state(violet_text_t value);


/* True if the text is 1 to VIOLET_TRACE_ID bytes of printable ASCII. */

int violet_trace_is_id(violet_text_t value);


#endif /* VIOLET_TRACE_H */
