
/*
 * One row of a table for each violet_cart_refusal_t.  The caller owns the
 * document.
 */

#include <string.h>

#include "violet_cart_refusal.h"
#include "violet_error.h"
#include "violet_problem.h"


typedef struct {
    violet_cart_outcome_t    outcome;
    unsigned                 status;     /* 0: that of the record */
    violet_cart_retry_t      retry;
    violet_reason_t          reason;
    const char              *detail;
} violet_cart_refusal_row_t;


static const violet_cart_refusal_row_t  violet_cart_refusals[] = {

    { VIOLET_CART_UNKNOWN, 409, VIOLET_CART_RETRY_LATER,
      VIOLET_REASON_SUBMIT_IN_PROGRESS,
      "Another submit of the cart is in progress; this submit was not sent." },

    { VIOLET_CART_UNKNOWN, 409, VIOLET_CART_RETRY_MANUAL,
      VIOLET_REASON_OTHER,
      "The result of an earlier submit is unknown; this submit was not sent. "
      "Read the cart or its order through the gateway first." },

    { VIOLET_CART_UNKNOWN, 409, VIOLET_CART_RETRY_MANUAL,
      VIOLET_REASON_ALREADY_SUBMITTED,
      "The cart was submitted before, but its order cannot be read now; "
      "this submit was not sent." },

    { VIOLET_CART_PARTIAL, 0, VIOLET_CART_RETRY_MANUAL,
      VIOLET_REASON_ALREADY_SUBMITTED,
      "An earlier submit ordered some of the bags; this submit was not sent." },

    { VIOLET_CART_UNKNOWN, 422, VIOLET_CART_RETRY_MANUAL,
      VIOLET_REASON_OTHER,
      "The Idempotency-Key was used with another body; this submit was not "
      "sent." },

    { VIOLET_CART_UNKNOWN, 409, VIOLET_CART_RETRY_MANUAL,
      VIOLET_REASON_OTHER,
      "The gateway has no memory to guard the cart against a second submit; "
      "this submit was not sent." },

    { VIOLET_CART_UNKNOWN, 409, VIOLET_CART_RETRY_MANUAL,
      VIOLET_REASON_CREDENTIALS_REJECTED,
      "The result of an earlier submit is unknown, and Violet refused to show "
      "its order; this submit was not sent." }
};


int
violet_cart_refusal(violet_cart_refusal_t kind, unsigned status,
    const violet_cart_answer_t *answer, violet_cart_verdict_t *verdict)
{
    violet_error_t              error;
    violet_problem_t            problem;
    const violet_cart_refusal_row_t  *row;

    row = &violet_cart_refusals[kind];

    memset(verdict, 0, sizeof(violet_cart_verdict_t));
    memset(&problem, 0, sizeof(violet_problem_t));

    verdict->outcome = row->outcome;
    verdict->retry = row->retry;
    verdict->status = row->status ? row->status : status;
    verdict->has_reason = 1;
    verdict->reason = row->reason;

    violet_error_init(&error, row->reason, VIOLET_SCOPE_CART, row->detail);
    error.blocking = 1;

    problem.outcome = verdict->outcome;
    problem.retry = verdict->retry;
    problem.status = verdict->status;
    problem.detail = error.message;
    problem.cart_id = answer->cart_id;
    problem.request_id = answer->request_id;
    problem.errors = &error;
    problem.nerrors = 1;

    verdict->problem = violet_problem_write(&problem, &verdict->problem_len);

    return verdict->problem ? 0 : -1;
}
