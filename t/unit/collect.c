
/*
 * Keeps every problem that a unit test writes for the validator.  The linker
 * calls these functions in place of those in violet_problem.c (--wrap).  They
 * append each problem to a file in the folder $TEST_PROBLEMS, one file for each
 * process, which t/lib/Violet/schema.py reads; without the folder no problem is
 * kept.
 */

#define _GNU_SOURCE

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "violet_problem.h"


char *__real_violet_problem_write(const violet_problem_t *problem,
    size_t *len);
size_t __real_violet_problem_print(const violet_problem_t *problem,
    char *buffer, size_t size);

char *__wrap_violet_problem_write(const violet_problem_t *problem,
    size_t *len);
size_t __wrap_violet_problem_print(const violet_problem_t *problem,
    char *buffer, size_t size);


static void
collect(const char *data, size_t len)
{
    FILE        *file;
    char         path[1024];
    const char  *folder;

    folder = getenv("TEST_PROBLEMS");

    if (folder == NULL) {
        return;
    }

    (void) snprintf(path, sizeof(path), "%s/%s.%ld", folder,
                    program_invocation_short_name, (long) getpid());

    file = fopen(path, "ab");

    if (file == NULL
        || fprintf(file, "%zu\n", len) < 0
        || fwrite(data, 1, len, file) != len
        || fclose(file) != 0)
    {
        perror(path);
        exit(2);
    }
}


char *
__wrap_violet_problem_write(const violet_problem_t *problem, size_t *len)
{
    char  *data;

    data = __real_violet_problem_write(problem, len);

    if (data) {
        collect(data, *len);
    }

    return data;
}


size_t
__wrap_violet_problem_print(const violet_problem_t *problem, char *buffer,
    size_t size)
{
    size_t  len;

    len = __real_violet_problem_print(problem, buffer, size);

    if (len) {
        collect(buffer, len);
    }

    return len;
}
