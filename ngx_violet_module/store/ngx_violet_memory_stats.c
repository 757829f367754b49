
/*
 * How full the zone is.  The numbers of entries are kept as nodes come and go,
 * so nobody walks over them; they are read without the lock.
 */


#include "ngx_violet_memory_node.h"


ngx_violet_memory_entry_e
ngx_violet_memory_entry(ngx_violet_memory_node_t *mn)
{
    ngx_uint_t  i;

    static ngx_str_t  words[] = {
        ngx_string("flight"),
        ngx_string("limit:"),
        ngx_string("submit:"),
        ngx_string("event:")
    };

    for (i = 0; i < NGX_VIOLET_MEMORY_ENTRIES - 1; i++) {

        if (mn->key_len > words[i].len
            && ngx_strncmp(mn->data, words[i].data, words[i].len) == 0)
        {
            return (ngx_violet_memory_entry_e) (i + 1);
        }
    }

    /* the key of a record begins with the prefix of Redis's keys */

    if (mn->kind == NGX_VIOLET_MEMORY_COUNTER
        && ngx_strnstr(mn->data, "submit:", mn->key_len) != NULL)
    {
        return NGX_VIOLET_MEMORY_SUBMIT;
    }

    return NGX_VIOLET_MEMORY_REPORT;
}


void
ngx_violet_memory_stats(ngx_shm_zone_t *zone,
    ngx_violet_memory_stats_t *stats)
{
    ngx_uint_t            i;
    ngx_violet_memory_t  *memory;

    memory = zone->data;

    stats->free = memory->shpool->pfree * ngx_pagesize;
    stats->used = zone->shm.size - ngx_min(stats->free, zone->shm.size);

    for (i = 0; i < NGX_VIOLET_MEMORY_ENTRIES; i++) {
        stats->entries[i] = memory->sh->entries[i];
    }
}


void
ngx_violet_memory_count_evictions(ngx_shm_zone_t *zone,
    violet_counter_t *evictions)
{
    ngx_violet_memory_t  *memory;

    memory = zone->data;

    memory->evictions = evictions;
}
