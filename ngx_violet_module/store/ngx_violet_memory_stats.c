
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
        ngx_string("submit:")
    };

    for (i = 0; i < 3; i++) {

        if (mn->key_len > words[i].len
            && ngx_strncmp(mn->data, words[i].data, words[i].len) == 0)
        {
            return (ngx_violet_memory_entry_e) (i + 1);
        }
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
