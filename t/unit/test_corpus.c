
/*
 * The corpus of answers of Violet's.  t/data/cart/answers has the whole
 * document that the judge must make of each, in groups with a line on where
 * they come from; an order in it that is a string stands for the answer's own
 * bytes.  t/data/cart/verdicts.txt is a table of answers and verdicts.
 */

#include <dirent.h>

#include "cart_check.h"


#define CORPUS_LEAST     210
#define CORPUS_GROUPS    5
#define CORPUS_VERDICTS  160
#define CORPUS_LINE      8192


/* Text, or a list of texts, each perhaps "times" over. */

static void
corpus_append(char **body, size_t *len, const json_t *part)
{
    char          *grown;
    size_t         n;
    json_int_t     times;
    const json_t  *text;

    text = json_is_object(part) ? json_object_get(part, "text") : part;
    times = json_is_object(part)
            ? json_integer_value(json_object_get(part, "times")) : 1;

    assert_true(json_is_string(text));
    assert_true(times > 0);

    n = json_string_length(text);

    grown = realloc(*body, *len + n * (size_t) times + 1);
    assert_non_null(grown);
    *body = grown;

    while (times--) {
        memcpy(*body + *len, json_string_value(text), n);
        *len += n;
    }
}


static char *
corpus_body(const json_t *item, size_t *len)
{
    char          *body;
    size_t         i;
    unsigned       byte;
    const char    *hex;
    const json_t  *text;

    *len = 0;
    body = NULL;
    text = json_object_get(item, "body");

    if (json_is_array(text)) {

        for (i = 0; i < json_array_size(text); i++) {
            corpus_append(&body, len, json_array_get(text, i));
        }

        return body;
    }

    if (text) {
        corpus_append(&body, len, text);
        return body;
    }

    hex = json_string_value(json_object_get(item, "hex"));
    assert_non_null(hex);

    *len = strlen(hex) / 2;
    body = malloc(*len + 1);
    assert_non_null(body);

    for (i = 0; i < *len; i++) {
        assert_int_equal(sscanf(hex + 2 * i, "%2x", &byte), 1);
        body[i] = (char) byte;
    }

    return body;
}


/* A list of ten thousand is written as one, "times" over. */

static void
corpus_expand(json_t *problem, const char *name)
{
    json_t      *list, *item;
    json_int_t   times;

    item = json_object_get(problem, name);

    if (!json_is_object(item)) {
        return;
    }

    times = json_integer_value(json_object_get(item, "times"));
    item = json_object_get(item, "of");
    list = json_array();

    while (times-- > 0) {
        json_array_append(list, item);
    }

    json_object_set_new(problem, name, list);
}


/* The whole document; of the order, where there is one, the very bytes. */

static int
corpus_problem(const json_t *document, const violet_cart_answer_t *answer,
    const violet_cart_verdict_t *verdict)
{
    int             same;
    char           *bytes;
    size_t          len;
    json_t         *problem, *expected;
    json_error_t    error;
    const char     *end;
    violet_text_t   order;

    static const char  name[] = ",\"order\":";

    order.data = "null";
    order.len = 4;

    if (json_is_string(json_object_get(document, "order"))) {
        order = violet_json_trim(answer->body);
    }

    len = sizeof(name) - 1 + order.len + 1;

    if (verdict->problem_len < len) {
        return 0;
    }

    end = verdict->problem + verdict->problem_len - len;

    if (memcmp(end, name, sizeof(name) - 1) != 0
        || memcmp(end + sizeof(name) - 1, order.data, order.len) != 0)
    {
        return 0;
    }

    /* without the order, which jansson may dislike */

    bytes = malloc((size_t) (end - verdict->problem) + 1);
    assert_non_null(bytes);
    memcpy(bytes, verdict->problem, (size_t) (end - verdict->problem));
    bytes[end - verdict->problem] = '}';

    problem = json_loadb(bytes, (size_t) (end - verdict->problem) + 1,
                         JSON_ALLOW_NUL, &error);
    free(bytes);
    assert_non_null(problem);

    /* these three follow from the other members */

    check_exception(problem);
    json_object_del(problem, "message");
    json_object_del(problem, "error");
    json_object_del(problem, "code");

    expected = json_copy((json_t *) document);
    json_object_del(expected, "order");
    corpus_expand(expected, "errors");
    corpus_expand(expected, "bags");

    same = json_equal(expected, problem);

    json_decref(expected);
    json_decref(problem);

    return same;
}


static int
corpus_answer(const char *file, const json_t *item)
{
    int                     same;
    char                   *body;
    const char             *outcome;
    const json_t           *expected;
    violet_cart_answer_t    answer;
    violet_cart_verdict_t   verdict;

    memset(&answer, 0, sizeof(answer));

    body = corpus_body(item, &answer.body.len);
    expected = json_object_get(item, "expected");

    answer.status = (unsigned)
                    json_integer_value(json_object_get(item, "status"));
    answer.body.data = body;
    answer.cart_id = CHECK_CART_ID;
    answer.request_id.data = "id";
    answer.request_id.len = 2;
    answer.partial_status = 422;
    answer.guarded = 1;

    assert_int_equal(violet_cart_judge(&answer, &verdict), 0);

    outcome = violet_cart_outcome_name(verdict.outcome);

    same = strcmp(outcome,
                  json_string_value(json_object_get(expected, "outcome")))
           == 0
           && strcmp(violet_cart_evidence_name(verdict.evidence),
                     json_string_value(json_object_get(item, "evidence")))
              == 0;

    if (json_object_get(expected, "status")) {
        same = same && verdict.problem
               && corpus_problem(expected, &answer, &verdict);

    } else {
        same = same && verdict.problem == NULL;
    }

    if (!same) {
        print_error("%s: %s: %.*s\n", file,
                    json_string_value(json_object_get(item, "name")),
                    verdict.problem && verdict.problem_len < 2000
                    ? (int) verdict.problem_len : 20,
                    verdict.problem ? verdict.problem : outcome);
    }

    free(verdict.problem);
    free(body);

    return same;
}


static void
test_corpus(void **state)
{
    DIR            *dir;
    char            path[1024];
    json_t         *root, *answers;
    size_t          i, n, groups, wrong;
    json_error_t    error;
    struct dirent  *entry;

    (void) state;

    n = groups = wrong = 0;

    assert_non_null(getenv("VIOLET_TEST_DATA"));
    snprintf(path, sizeof(path), "%s/cart/answers",
             getenv("VIOLET_TEST_DATA"));

    dir = opendir(path);
    assert_non_null(dir);

    while ((entry = readdir(dir)) != NULL) {

        if (entry->d_name[0] == '.') {
            continue;
        }

        snprintf(path, sizeof(path), "%s/cart/answers/%s",
                 getenv("VIOLET_TEST_DATA"), entry->d_name);

        root = json_load_file(path, JSON_ALLOW_NUL, &error);
        assert_non_null(root);
        assert_true(json_is_string(json_object_get(root, "origin")));

        answers = json_object_get(root, "answers");

        for (i = 0; i < json_array_size(answers); i++, n++) {
            wrong += !corpus_answer(entry->d_name,
                                    json_array_get(answers, i));
        }

        groups++;
        json_decref(root);
    }

    closedir(dir);

    assert_int_equal(wrong, 0);
    assert_true(n >= CORPUS_LEAST);
    assert_true(groups >= CORPUS_GROUPS);
}


/* how an exchange ended, in place of Violet's status */

static void
corpus_transport(violet_cart_answer_t *answer, const char *word)
{
    size_t  i;

    static const struct {
        const char               *word;
        violet_cart_transport_t   transport;
    } words[] = {
        { "unreachable", VIOLET_CART_UNREACHABLE },
        { "timeout", VIOLET_CART_TIMEOUT },
        { "cut", VIOLET_CART_CUT },
        { "large", VIOLET_CART_TOO_LARGE }
    };

    for (i = 0; i < N(words); i++) {

        if (strcmp(word, words[i].word) == 0) {
            answer->transport = words[i].transport;
            return;
        }
    }

    answer->status = (unsigned) strtoul(word, NULL, 10);
    assert_true(answer->status >= 100);
}


/* One answer of the table: the line of its verdict, and its body. */

static int
corpus_verdict(const char *name, const char *line, const char *body)
{
    char                    status[16], word[16], got[256], expected[256];
    violet_cart_answer_t    answer;
    violet_cart_verdict_t   verdict;

    assert_int_equal(sscanf(line, "%15s %255[^\n]", word, expected), 2);

    check_answer(&answer, 0, body, strcmp(body, "-") == 0 ? 0 : strlen(body));
    corpus_transport(&answer, word);

    assert_int_equal(violet_cart_judge(&answer, &verdict), 0);

    (void) snprintf(status, sizeof(status), "%u", verdict.status);

    (void) snprintf(got, sizeof(got), "%s %s %s %s %s",
                    violet_cart_outcome_name(verdict.outcome),
                    verdict.problem ? status : "-",
                    verdict.problem ? violet_cart_retry_name(verdict.retry)
                                    : "-",
                    verdict.problem ? violet_reason_name(verdict.reason) : "-",
                    violet_cart_evidence_name(verdict.evidence));

    if (verdict.problem) {
        json_decref(check_problem(&verdict, verdict.problem,
                                  verdict.problem_len));
        free(verdict.problem);
    }

    if (strcmp(got, expected) != 0) {
        print_error("%s: %s, not %s\n", name, got, expected);
        return 0;
    }

    return 1;
}


static char *
corpus_line(FILE *file, char *line)
{
    do {
        if (fgets(line, CORPUS_LINE, file) == NULL) {
            return NULL;
        }

        assert_non_null(strchr(line, '\n'));
        line[strcspn(line, "\n")] = '\0';

    } while (line[0] == '\0' || line[0] == '#');

    return line;
}


static void
test_verdicts(void **state)
{
    char     path[1024];
    char     name[CORPUS_LINE], line[CORPUS_LINE], body[CORPUS_LINE];
    FILE    *file;
    size_t   n, wrong;

    (void) state;

    snprintf(path, sizeof(path), "%s/cart/verdicts.txt",
             getenv("VIOLET_TEST_DATA"));

    file = fopen(path, "r");
    assert_non_null(file);

    for (n = wrong = 0; corpus_line(file, name); n++) {
        assert_non_null(corpus_line(file, line));
        assert_non_null(corpus_line(file, body));

        wrong += !corpus_verdict(name, line, body);
    }

    fclose(file);

    assert_int_equal(wrong, 0);
    assert_true(n >= CORPUS_VERDICTS);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_corpus),
        cmocka_unit_test(test_verdicts)
    };

    violet_json_init();
    assert_int_equal(violet_reasons_init(), 0);

    return cmocka_run_group_tests_name("corpus", tests, NULL, NULL);
}
