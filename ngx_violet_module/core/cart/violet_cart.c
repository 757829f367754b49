
/*
 * The judge: reads an answer, chooses its row in violet_cart_table.c or
 * violet_order_table.c, and writes the problem.  The parsed answer is freed
 * before the call returns; only the verdict and its document remain.
 */

#include <string.h>

#include "violet_cart.h"
#include "violet_cart_body.h"
#include "violet_cart_plain.h"
#include "violet_cart_table.h"
#include "violet_error.h"
#include "violet_json.h"
#include "violet_problem.h"


/* bytes: the size of a fallback, and of $request_id in it, at most */

#define VIOLET_CART_FALLBACK     1280
#define VIOLET_CART_FALLBACK_ID  32


static int violet_cart_judge_plain(const violet_cart_answer_t *answer,
    violet_cart_verdict_t *verdict);
static int violet_cart_judge_needs_body(const violet_cart_answer_t *answer);
static void violet_cart_judge_seen(const violet_cart_answer_t *answer,
    const violet_cart_body_t *body, violet_cart_verdict_t *verdict);
static violet_id_t violet_cart_judge_order_id(const violet_cart_body_t *body);
static int violet_cart_judge_problem(const violet_cart_answer_t *answer,
    const violet_cart_verdict_row_t *row, violet_cart_body_t *body,
    violet_cart_verdict_t *verdict);
static int violet_cart_judge_errors(const violet_cart_verdict_row_t *row,
    violet_cart_body_t *body);
static void violet_cart_judge_verdict(const violet_cart_answer_t *answer,
    const violet_cart_verdict_row_t *row, const violet_errors_t *errors,
    violet_cart_verdict_t *verdict);
static void violet_cart_judge_fill(const violet_cart_answer_t *answer,
    const violet_cart_verdict_t *verdict, const violet_errors_t *errors,
    violet_problem_t *problem);
static void violet_cart_judge_body(const violet_cart_answer_t *answer,
    const violet_cart_body_t *body, violet_problem_t *problem);
static violet_text_t violet_cart_judge_detail(
    const violet_cart_verdict_row_t *row, const violet_cart_body_t *body);
static unsigned violet_cart_judge_partial(
    const violet_cart_answer_t *answer);


int
violet_cart_judge(const violet_cart_answer_t *answer,
    violet_cart_verdict_t *verdict)
{
    int                               rc;
    violet_cart_body_t                body;
    const violet_cart_verdict_row_t  *row;

    memset(verdict, 0, sizeof(violet_cart_verdict_t));

    if (violet_cart_judge_plain(answer, verdict)) {
        return 0;
    }

    violet_cart_body_init(&body, answer);

    rc = violet_cart_judge_needs_body(answer)
         ? violet_cart_body_read(&body, answer) : 0;

    if (rc == 0) {
        row = violet_cart_table_find(answer, &body, &verdict->evidence);

        verdict->outcome = row->outcome;
        verdict->detail = body.why;
        verdict->offset = body.offset;

        violet_cart_judge_seen(answer, &body, verdict);

        if (row->outcome >= VIOLET_CART_FAILED) {
            rc = violet_cart_judge_problem(answer, row, &body, verdict);
        }
    }

    violet_cart_body_free(&body);

    return rc;
}


/* Most submits are completed, and their orders need no closer look. */

static int
violet_cart_judge_plain(const violet_cart_answer_t *answer,
    violet_cart_verdict_t *verdict)
{
    int64_t              id;
    violet_cart_seen_t  *seen;

    if (answer->transport != VIOLET_CART_ANSWERED
        || answer->status < 200 || answer->status > 299
        || !violet_cart_is_plain(violet_json_trim(answer->body), &id))
    {
        return 0;
    }

    verdict->outcome = VIOLET_CART_COMPLETED;
    verdict->evidence = VIOLET_EVIDENCE_BAG_ACCEPTED;

    seen = &verdict->seen;

    seen->order = 1;
    seen->id.known = 1;
    seen->id.value = id;
    seen->made = 1;
    seen->accepted = 1;
    seen->ordered = 1;

    return 1;
}


static int
violet_cart_judge_needs_body(const violet_cart_answer_t *answer)
{
    return answer->transport == VIOLET_CART_ANSWERED
           && ((answer->status >= 200 && answer->status < 300)
               || (answer->status >= 400 && answer->status < 600));
}


static void
violet_cart_judge_seen(const violet_cart_answer_t *answer,
    const violet_cart_body_t *body, violet_cart_verdict_t *verdict)
{
    size_t                  i;
    const violet_bag_t     *bag;
    violet_cart_seen_t     *seen;
    const violet_order_t   *order;

    if (body->kind != VIOLET_BODY_ORDER && body->kind != VIOLET_BODY_ERRORS) {
        return;
    }

    seen = &verdict->seen;
    order = &body->order;

    seen->order = 1;
    seen->id = violet_cart_judge_order_id(body);

    seen->submitted = (order->nsubmitted > 0);
    seen->made = order->made;
    seen->accepted = (order->naccepted > 0);
    seen->failed = (order->nfailed > 0);
    seen->unknown = (order->nunknown > 0);
    seen->processing = order->processing;
    seen->ordered = order->accepted;
    seen->rejected = order->canceled
                     || (order->bags.nbags
                         && order->nclosed == order->bags.nbags);
    seen->not_submitted = violet_order_not_submitted(order, answer->sent);

    for (i = 0; i < order->bags.nbags; i++) {
        bag = &order->bags.bags[i];

        if (bag->outcome != VIOLET_BAG_FAILED
            && bag->outcome != VIOLET_BAG_UNKNOWN)
        {
            continue;
        }

        if (verdict->nfailed < VIOLET_CART_FAILED_BAGS) {
            verdict->failed[verdict->nfailed] = bag->id.known ? bag->id.value
                                                              : 0;
        }

        verdict->nfailed++;
    }
}


static violet_id_t
violet_cart_judge_order_id(const violet_cart_body_t *body)
{
    violet_id_t  id;

    id = violet_json_id(body->root, "id", NULL);

    return id.known ? id : violet_json_id(body->root, "order_id", "orderId");
}


static int
violet_cart_judge_problem(const violet_cart_answer_t *answer,
    const violet_cart_verdict_row_t *row, violet_cart_body_t *body,
    violet_cart_verdict_t *verdict)
{
    violet_problem_t  problem;

    if (violet_cart_judge_errors(row, body) == -1) {
        return -1;
    }

    violet_cart_judge_verdict(answer, row, &body->errors, verdict);

    violet_cart_judge_fill(answer, verdict, &body->errors, &problem);
    violet_cart_judge_body(answer, body, &problem);

    problem.detail = violet_cart_judge_detail(row, body);

    verdict->problem = violet_problem_write(&problem, &verdict->problem_len);

    return verdict->problem ? 0 : -1;
}


/* Completes the list of errors: at least one of them blocks. */

static int
violet_cart_judge_errors(const violet_cart_verdict_row_t *row,
    violet_cart_body_t *body)
{
    size_t           i;
    violet_error_t   error;
    violet_error_t  *first;

    if (body->kind == VIOLET_BODY_ORDER || body->kind == VIOLET_BODY_ERRORS) {

        for (i = 0; row->from_body && i < body->errors.n; i++) {

            if (body->errors.elts[i].blocking) {
                return 0;
            }
        }

        violet_error_init(&error, row->reason, VIOLET_SCOPE_CART,
                          row->detail);
        error.blocking = 1;

        return violet_errors_add_first(&body->errors, &error);
    }

    if (violet_exception_errors(&body->exception,
                                row->from_body ? NULL : &row->reason,
                                &body->words, &body->errors)
        == -1)
    {
        return -1;
    }

    first = &body->errors.elts[0];

    if (first->message.data == NULL && first->scope == VIOLET_SCOPE_CART) {
        first->message.data = row->detail;
        first->message.len = strlen(row->detail);
    }

    return 0;
}


static void
violet_cart_judge_verdict(const violet_cart_answer_t *answer,
    const violet_cart_verdict_row_t *row, const violet_errors_t *errors,
    violet_cart_verdict_t *verdict)
{
    size_t  i;

    verdict->outcome = row->outcome;
    verdict->retry = row->retry;

    if (row->outcome == VIOLET_CART_UNKNOWN && !answer->guarded) {
        verdict->retry = VIOLET_CART_RETRY_MANUAL;
    }

    switch (row->status) {

    case VIOLET_CART_TABLE_SAME:
        verdict->status = answer->status;
        break;

    case VIOLET_CART_TABLE_4XX:
        verdict->status = answer->status >= 400 ? answer->status : 502;
        break;

    case VIOLET_CART_TABLE_PARTIAL:
        verdict->status = violet_cart_judge_partial(answer);
        break;

    default:
        verdict->status = row->status;
        break;
    }

    for (i = 0; i < errors->n; i++) {

        if (errors->elts[i].blocking) {
            verdict->has_reason = 1;
            verdict->reason = errors->elts[i].reason;
            break;
        }
    }
}


/* Sets the members of a problem that do not depend on Violet's body. */

static void
violet_cart_judge_fill(const violet_cart_answer_t *answer,
    const violet_cart_verdict_t *verdict, const violet_errors_t *errors,
    violet_problem_t *problem)
{
    memset(problem, 0, sizeof(violet_problem_t));

    problem->outcome = verdict->outcome;
    problem->retry = verdict->retry;
    problem->status = verdict->status;

    problem->cart_id = answer->cart_id;
    problem->request_id = answer->request_id;

    problem->errors = errors->elts;
    problem->nerrors = errors->n;

    if (answer->transport == VIOLET_CART_ANSWERED) {
        problem->upstream_status = answer->status;
    }
}


static void
violet_cart_judge_body(const violet_cart_answer_t *answer,
    const violet_cart_body_t *body, violet_problem_t *problem)
{
    problem->bags = body->order.bags.bags;
    problem->nbags = body->order.bags.nbags;

    problem->upstream_error = body->exception.error;
    problem->upstream_code = body->exception.code;

    if (!violet_cart_body_is_order(body)) {
        return;
    }

    problem->order = violet_json_trim(answer->body);
    problem->order_id = violet_cart_judge_order_id(body);
}


/* A message of Violet's is preferred to the text of the row. */

static violet_text_t
violet_cart_judge_detail(const violet_cart_verdict_row_t *row,
    const violet_cart_body_t *body)
{
    size_t                 i;
    violet_text_t          detail;
    const violet_error_t  *error;

    if (body->exception.message.data) {
        return body->exception.message;
    }

    for (i = 0; i < body->errors.n; i++) {
        error = &body->errors.elts[i];

        if (error->blocking && !error->ours && error->message.len) {
            return error->message;
        }
    }

    detail.data = row->detail;
    detail.len = strlen(row->detail);

    return detail;
}


static unsigned
violet_cart_judge_partial(const violet_cart_answer_t *answer)
{
    switch (answer->partial_status) {

    case 200:
    case 207:
        return answer->partial_status;

    default:
        return 422;
    }
}


size_t
violet_cart_judge_fallback(const violet_cart_answer_t *answer,
    violet_cart_verdict_t *verdict, char *buffer, size_t size)
{
    violet_error_t                    error;
    violet_errors_t                   errors;
    violet_problem_t                  problem;
    const violet_cart_verdict_row_t  *row;

    memset(verdict, 0, sizeof(violet_cart_verdict_t));

    row = violet_cart_table_fallback();
    verdict->evidence = row->evidence;

    violet_error_init(&error, row->reason, VIOLET_SCOPE_CART, row->detail);
    error.blocking = 1;

    errors.elts = &error;
    errors.n = 1;
    errors.size = 1;

    violet_cart_judge_verdict(answer, row, &errors, verdict);

    if (size < VIOLET_CART_FALLBACK) {
        return 0;
    }

    violet_cart_judge_fill(answer, verdict, &errors, &problem);

    problem.detail = error.message;

    if (problem.request_id.len > VIOLET_CART_FALLBACK_ID) {
        problem.request_id.len = VIOLET_CART_FALLBACK_ID;
    }

    return violet_problem_print(&problem, buffer, size);
}
