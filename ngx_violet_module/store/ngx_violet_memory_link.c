
/*
 * The two seats of the link.  A seat counts until its time is over, and this
 * time is zero while the seat is changed: a worker that is killed then leaves
 * a seat that does not count.  So the zone needs no mark, see
 * ngx_violet_memory_lock.c.
 *
 * Each configuration has a number, its cycle.  A worker of a newer cycle opens
 * its link while the older one still covers the memory, and gets the seat from
 * it.
 */


#include "ngx_violet_memory_link.h"
#include "ngx_violet_memory_clock.h"
#include "ngx_violet_memory_lock.h"
#include "ngx_violet_memory_node.h"

#include <signal.h>


/* ms for which a worker is next without another look */
#define NGX_VIOLET_MEMORY_LINK_NEXT_TIME  2000


static ngx_violet_memory_link_e ngx_violet_memory_link_seat(
    ngx_violet_memory_t *memory, ngx_violet_memory_link_t *link,
    ngx_uint_t up);
static ngx_violet_memory_link_e ngx_violet_memory_link_held(
    ngx_violet_memory_t *memory);
static ngx_violet_memory_link_e ngx_violet_memory_link_next(
    ngx_violet_memory_t *memory, ngx_violet_memory_link_t *link,
    ngx_uint_t up);
static ngx_violet_memory_link_e ngx_violet_memory_link_take(
    ngx_violet_memory_t *memory, ngx_violet_memory_link_t *link);
static ngx_uint_t ngx_violet_memory_link_counts(
    ngx_violet_memory_seat_t *seat);
static ngx_uint_t ngx_violet_memory_link_is_ours(
    ngx_violet_memory_seat_t *seat, ngx_violet_memory_link_t *link);
static void ngx_violet_memory_link_bury(ngx_violet_memory_seat_t *seat,
    ngx_violet_memory_link_t *link);
static void ngx_violet_memory_link_free(ngx_violet_memory_seat_t *seat);
static void ngx_violet_memory_link_set(ngx_violet_memory_seat_t *seat,
    ngx_violet_memory_seat_t *to);


ngx_violet_memory_link_e
ngx_violet_memory_link_look(ngx_shm_zone_t *zone,
    ngx_violet_memory_link_t *link, ngx_uint_t up)
{
    ngx_violet_memory_t       *memory;
    ngx_violet_memory_link_e   state;

    memory = zone->data;

    ngx_violet_memory_lock(memory);

    state = ngx_violet_memory_link_seat(memory, link, up);

    ngx_violet_memory_unlock(memory);

    return state;
}


static ngx_violet_memory_link_e
ngx_violet_memory_link_seat(ngx_violet_memory_t *memory,
    ngx_violet_memory_link_t *link, ngx_uint_t up)
{
    ngx_violet_memory_shared_t  *sh;

    sh = memory->sh;

    ngx_violet_memory_link_bury(&sh->holder, link);
    ngx_violet_memory_link_bury(&sh->next, link);

    if (ngx_violet_memory_link_is_ours(&sh->holder, link)) {
        link->next = sh->next.number;
        return ngx_violet_memory_link_held(memory);
    }

    if (ngx_violet_memory_link_is_ours(&sh->next, link)) {
        return ngx_violet_memory_link_next(memory, link, up);
    }

    link->number = 0;

    return ngx_violet_memory_link_take(memory, link);
}


static ngx_violet_memory_link_e
ngx_violet_memory_link_held(ngx_violet_memory_t *memory)
{
    ngx_violet_memory_seat_t  *next;

    next = &memory->sh->next;

    if (ngx_violet_memory_link_counts(next) && next->ready
        && next->cycle > memory->cycle)
    {
        return NGX_VIOLET_MEMORY_LINK_WANTED;
    }

    return NGX_VIOLET_MEMORY_LINK_HELD;
}


static ngx_violet_memory_link_e
ngx_violet_memory_link_next(ngx_violet_memory_t *memory,
    ngx_violet_memory_link_t *link, ngx_uint_t up)
{
    ngx_violet_memory_seat_t     seat, *holder, *next;
    ngx_violet_memory_shared_t  *sh;

    sh = memory->sh;
    holder = &sh->holder;
    next = &sh->next;

    /* the holder was slow and is back */

    if (link->leaving
        || (ngx_violet_memory_link_counts(holder)
            && holder->cycle >= memory->cycle))
    {
        ngx_violet_memory_link_free(next);
        link->number = 0;

        return NGX_VIOLET_MEMORY_LINK_NONE;
    }

    next->until = ngx_violet_clock() + NGX_VIOLET_MEMORY_LINK_NEXT_TIME;
    next->ready = up;

    if (!up
        || (ngx_violet_memory_link_counts(holder)
            && holder->place == next->place))
    {
        return NGX_VIOLET_MEMORY_LINK_NEXT;
    }

    /* notices of changes were lost meanwhile */

    sh->generation++;
    sh->notices++;

    ngx_violet_barrier();

    seat = *next;
    seat.until = ngx_violet_clock() + link->covered;

    ngx_violet_memory_link_set(holder, &seat);
    ngx_violet_memory_link_free(next);

    return NGX_VIOLET_MEMORY_LINK_HELD;
}


static ngx_violet_memory_link_e
ngx_violet_memory_link_take(ngx_violet_memory_t *memory,
    ngx_violet_memory_link_t *link)
{
    ngx_violet_memory_seat_t     seat;
    ngx_violet_memory_shared_t  *sh;

    sh = memory->sh;

    if (link->leaving
        || (ngx_violet_memory_link_counts(&sh->holder)
            && sh->holder.cycle >= memory->cycle)
        || (ngx_violet_memory_link_counts(&sh->next)
            && sh->next.cycle >= memory->cycle))
    {
        return NGX_VIOLET_MEMORY_LINK_NONE;
    }

    seat.number = ++sh->seats;
    seat.cycle = memory->cycle;
    seat.place = link->place;
    seat.pid = ngx_pid;
    seat.ready = 0;
    seat.until = ngx_violet_clock() + NGX_VIOLET_MEMORY_LINK_NEXT_TIME;

    ngx_violet_memory_link_set(&sh->next, &seat);

    link->number = seat.number;

    return NGX_VIOLET_MEMORY_LINK_NEXT;
}


ngx_violet_memory_link_e
ngx_violet_memory_link_cover(ngx_shm_zone_t *zone,
    ngx_violet_memory_link_t *link, int64_t since)
{
    ngx_violet_memory_t       *memory;
    ngx_violet_memory_link_e   state;

    memory = zone->data;
    state = NGX_VIOLET_MEMORY_LINK_NONE;

    ngx_violet_memory_lock(memory);

    if (ngx_violet_memory_link_is_ours(&memory->sh->holder, link)) {
        memory->sh->holder.until = ngx_violet_clock() + link->covered - since;

        state = ngx_violet_memory_link_held(memory);

    } else if (ngx_violet_memory_link_is_ours(&memory->sh->next, link)) {
        state = NGX_VIOLET_MEMORY_LINK_NEXT;
    }

    ngx_violet_memory_unlock(memory);

    return state;
}


void
ngx_violet_memory_link_give(ngx_shm_zone_t *zone,
    ngx_violet_memory_link_t *link)
{
    ngx_violet_memory_t         *memory;
    ngx_violet_memory_seat_t     seat;
    ngx_violet_memory_shared_t  *sh;

    memory = zone->data;
    sh = memory->sh;

    ngx_violet_memory_lock(memory);

    ngx_violet_memory_link_bury(&sh->next, link);

    if (ngx_violet_memory_link_is_ours(&sh->holder, link)
        && sh->next.number == link->next
        && ngx_violet_memory_link_held(memory)
           == NGX_VIOLET_MEMORY_LINK_WANTED)
    {
        seat = sh->next;
        seat.until = sh->holder.until;

        ngx_violet_memory_link_set(&sh->holder, &seat);
        ngx_violet_memory_link_free(&sh->next);

        link->number = 0;
    }

    ngx_violet_memory_unlock(memory);
}


void
ngx_violet_memory_link_leave(ngx_shm_zone_t *zone,
    ngx_violet_memory_link_t *link)
{
    ngx_violet_memory_t         *memory;
    ngx_violet_memory_shared_t  *sh;

    memory = zone->data;
    sh = memory->sh;

    ngx_violet_memory_lock(memory);

    if (ngx_violet_memory_link_is_ours(&sh->holder, link)) {
        ngx_violet_memory_link_free(&sh->holder);
    }

    if (ngx_violet_memory_link_is_ours(&sh->next, link)) {
        ngx_violet_memory_link_free(&sh->next);
    }

    ngx_violet_memory_unlock(memory);

    link->number = 0;
}


ngx_uint_t
ngx_violet_memory_link_covers(ngx_shm_zone_t *zone)
{
    ngx_uint_t            covers;
    ngx_violet_memory_t  *memory;

    memory = zone->data;

    ngx_violet_memory_lock(memory);

    covers = ngx_violet_memory_covered(memory);

    ngx_violet_memory_unlock(memory);

    return covers;
}


ngx_uint_t
ngx_violet_memory_link_is_old(ngx_shm_zone_t *zone)
{
    ngx_violet_memory_t  *memory;

    memory = zone->data;

    return memory->sh->cycles != memory->cycle;
}


static ngx_uint_t
ngx_violet_memory_link_counts(ngx_violet_memory_seat_t *seat)
{
    return seat->until > ngx_violet_clock();
}


static ngx_uint_t
ngx_violet_memory_link_is_ours(ngx_violet_memory_seat_t *seat,
    ngx_violet_memory_link_t *link)
{
    return link->number && seat->number == link->number;
}


/* Frees the seat of a worker that has died. */

static void
ngx_violet_memory_link_bury(ngx_violet_memory_seat_t *seat,
    ngx_violet_memory_link_t *link)
{
    if (seat->number == 0 || ngx_violet_memory_link_is_ours(seat, link)) {
        return;
    }

    /* a dead worker may have had the pid of this one */

    if (seat->pid == ngx_pid
        || (kill(seat->pid, 0) == -1 && ngx_errno == ESRCH))
    {
        ngx_violet_memory_link_free(seat);
    }
}


static void
ngx_violet_memory_link_free(ngx_violet_memory_seat_t *seat)
{
    seat->until = 0;

    ngx_violet_barrier();

    seat->number = 0;
}


static void
ngx_violet_memory_link_set(ngx_violet_memory_seat_t *seat,
    ngx_violet_memory_seat_t *to)
{
    ngx_violet_memory_link_free(seat);

    seat->cycle = to->cycle;
    seat->place = to->place;
    seat->pid = to->pid;
    seat->ready = to->ready;

    ngx_violet_barrier();

    seat->number = to->number;

    ngx_violet_barrier();

    seat->until = to->until;
}
