
/*
 * One row of a table for each violet_cart_refusal_t.  The caller owns the
 * document.
 */

#include <string.h>

#include "violet_cart_body.h"
#include "violet_cart_refusal.h"
#include "violet_error.h"
#include "violet_problem.h"


typedef struct {
    unsigned                 status;
    violet_reason_t          reason;
    const char              *detail;
} violet_cart_refusal_row_t;


static int violet_cart_refusal_write(const violet_cart_answer_t *answer,
    violet_problem_t *problem, violet_reason_t reason, const char *detail,
    violet_cart_verdict_t *verdict);
static void violet_cart_replay_bags(violet_bags_t *bags,
    const violet_cart_record_t *record);
static int violet_cart_replay_has(const violet_cart_record_t *record,
    violet_id_t id);


static const violet_cart_refusal_row_t  violet_cart_refusals[] = {

    { 409, VIOLET_REASON_SUBMIT_IN_PROGRESS,
      "Another submit of the cart is in progress; this submit was not sent." },

    { 409, VIOLET_REASON_SUBMIT_UNRESOLVED,
      "An earlier submit of the cart is not cleared up yet; this submit was "
      "not sent." },

    { 409, VIOLET_REASON_ALREADY_SUBMITTED,
      "The cart was submitted before, but its order cannot be shown now; "
      "this submit was not sent." },

    { 422, VIOLET_REASON_KEY_REUSED,
      "The Idempotency-Key was used with another body; this submit was not "
      "sent." },

    { 503, VIOLET_REASON_GUARD_UNAVAILABLE,
      "The gateway cannot make sure that the cart is not ordered twice now; "
      "this submit was not sent." },

    { 409, VIOLET_REASON_CREDENTIALS_REJECTED,
      "An earlier submit of the cart is not cleared up, and Violet refused to "
      "show its order; this submit was not sent." },

    { 409, VIOLET_REASON_SUBMIT_UNRESOLVED,
      "This submit failed, but an earlier submit of the cart is in doubt." }
};


int
violet_cart_refusal(violet_cart_refusal_t kind, int manual,
    const violet_cart_answer_t *answer, violet_cart_verdict_t *verdict)
{
    violet_problem_t                  problem;
    const violet_cart_refusal_row_t  *row;

    row = &violet_cart_refusals[kind];

    memset(&problem, 0, sizeof(violet_problem_t));

    problem.outcome = VIOLET_CART_UNKNOWN;
    problem.retry = manual ? VIOLET_CART_RETRY_MANUAL
                           : VIOLET_CART_RETRY_LATER;
    problem.status = row->status;

    return violet_cart_refusal_write(answer, &problem, row->reason,
                                     row->detail, verdict);
}


int
violet_cart_replay_partial(const violet_cart_answer_t *answer,
    const violet_cart_record_t *record, violet_cart_verdict_t *verdict)
{
    int                 rc;
    violet_cart_body_t  body;
    violet_problem_t    problem;

    memset(verdict, 0, sizeof(violet_cart_verdict_t));
    memset(&problem, 0, sizeof(violet_problem_t));

    violet_cart_body_init(&body, answer);

    if (violet_cart_body_read(&body, answer) != 0) {
        violet_cart_body_free(&body);
        return -1;
    }

    violet_cart_replay_bags(&body.order.bags, record);

    problem.outcome = VIOLET_CART_PARTIAL;
    problem.retry = record->flags & VIOLET_RECORD_MANUAL
                    ? VIOLET_CART_RETRY_MANUAL
                    : VIOLET_CART_RETRY_NEW_CART_FOR_FAILED_BAGS;
    problem.status = answer->partial_status;
    problem.upstream_status = answer->status;
    problem.bags = body.order.bags.bags;
    problem.nbags = body.order.bags.nbags;
    problem.order = violet_json_trim(answer->body);
    problem.order_id = violet_json_id(body.root, "id", NULL);

    rc = violet_cart_refusal_write(answer, &problem,
             VIOLET_REASON_ALREADY_SUBMITTED,
             "An earlier submit ordered some of the bags; this submit was not "
             "sent.",
             verdict);

    violet_cart_body_free(&body);

    return rc;
}


static int
violet_cart_refusal_write(const violet_cart_answer_t *answer,
    violet_problem_t *problem, violet_reason_t reason, const char *detail,
    violet_cart_verdict_t *verdict)
{
    violet_error_t  error;

    memset(verdict, 0, sizeof(violet_cart_verdict_t));

    verdict->outcome = problem->outcome;
    verdict->retry = problem->retry;
    verdict->status = problem->status;
    verdict->has_reason = 1;
    verdict->reason = reason;

    violet_error_init(&error, reason, VIOLET_SCOPE_CART, detail);
    error.blocking = 1;

    problem->detail = error.message;
    problem->cart_id = answer->cart_id;
    problem->request_id = answer->request_id;
    problem->errors = &error;
    problem->nerrors = 1;

    verdict->problem = violet_problem_write(problem, &verdict->problem_len);

    problem->errors = NULL;
    problem->nerrors = 0;

    return verdict->problem ? 0 : -1;
}


static void
violet_cart_replay_bags(violet_bags_t *bags,
    const violet_cart_record_t *record)
{
    size_t         i;
    violet_bag_t  *bag;

    for (i = 0; i < bags->nbags; i++) {
        bag = &bags->bags[i];

        if (violet_cart_replay_has(record, bag->id)) {
            bag->outcome = record->flags & VIOLET_RECORD_MANUAL
                           ? VIOLET_BAG_UNKNOWN : VIOLET_BAG_FAILED;

        } else if (!(record->flags & VIOLET_RECORD_MORE)) {
            bag->outcome = VIOLET_BAG_ACCEPTED;
        }
    }
}


static int
violet_cart_replay_has(const violet_cart_record_t *record, violet_id_t id)
{
    size_t  i;

    for (i = 0; i < VIOLET_RECORD_BAGS && record->bags[i]; i++) {
        if (id.known && record->bags[i] == id.value) {
            return 1;
        }
    }

    return 0;
}
