
/*
 * libFuzzer's entry to one target, TARGET.
 */

#include <stddef.h>
#include <stdint.h>

#include "violet_json.h"
#include "violet_reason.h"


int TARGET(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void) argc;
    (void) argv;

    violet_json_init();

    return violet_reasons_init();
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return TARGET(data, size);
}
