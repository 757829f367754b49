
/*
 * Texts and numbers of the page, and its style.  All that comes from elsewhere
 * (names, addresses) is escaped.
 */


#include "ngx_violet_status_page.h"


const char  ngx_violet_page_style[] =
    ":root{color-scheme:light dark;--bg:#f5f6f8;--card:#fff;--ink:#1c2430;"
    "--soft:#5c6877;--line:#e2e6eb;--good:#1b7f4d;--warn:#9a5b00;"
    "--bad:#b42318;--mid:#8894a3;--goodbg:#e7f5ed;--warnbg:#fdf3e1;"
    "--badbg:#fdecea}"
    "@media(prefers-color-scheme:dark){:root{--bg:#0f141a;--card:#171d25;"
    "--ink:#e6eaf0;--soft:#9aa6b5;--line:#28323d;--good:#57c793;"
    "--warn:#efb45a;--bad:#ff9187;--mid:#6b7786;--goodbg:#14261d;"
    "--warnbg:#2b2212;--badbg:#321b1a}}"
    "*{box-sizing:border-box}"
    "body{margin:0 auto;max-width:66rem;padding:clamp(1.1rem,4vw,2.6rem);"
    "background:var(--bg);color:var(--ink);font:16px/1.5 system-ui,"
    "-apple-system,'Segoe UI',Roboto,'Noto Sans','Liberation Sans',sans-serif;"
    "font-variant-numeric:tabular-nums;-webkit-text-size-adjust:100%}"
    "h1,h2,h3,p,dl,dd,ul,table{margin:0}"
    "h1{font-size:clamp(1.6rem,5vw,2.1rem);line-height:1.2;font-weight:650;"
    "letter-spacing:-.015em;display:flex;align-items:center;gap:.6rem}"
    "h2{font-size:.8rem;font-weight:600;letter-spacing:.06em;"
    "text-transform:uppercase;color:var(--soft);margin:2rem 0 .7rem}"
    "h3{font-size:1.05rem;font-weight:620;line-height:1.35}"
    "small,.soft{color:var(--soft);font-size:.875rem;font-weight:400}"
    "code{font:.875em ui-monospace,'SF Mono',Menlo,'DejaVu Sans Mono',"
    "monospace;overflow-wrap:anywhere}"
    ".host{color:var(--soft);margin-bottom:.3rem;overflow-wrap:anywhere}"
    ".dot{flex:none;display:inline-block;width:.62em;height:.62em;"
    "border-radius:50%;background:var(--mid)}"
    ".dot.good{background:var(--good)}.dot.warn{background:var(--warn)}"
    ".dot.bad{background:var(--bad)}"
    ".todo{display:grid;gap:.7rem;margin-top:1.3rem}"
    ".todo article{border-radius:.6rem;padding:.9rem 1.1rem;"
    "border-left:.25rem solid var(--mid)}"
    ".todo .warn{background:var(--warnbg);border-color:var(--warn)}"
    ".todo .bad{background:var(--badbg);border-color:var(--bad)}"
    ".todo .warn h3{color:var(--warn)}.todo .bad h3{color:var(--bad)}"
    ".todo p{margin-top:.25rem;max-width:44rem}"
    ".fine{background:var(--goodbg);color:var(--good);border-radius:.6rem;"
    "padding:.7rem 1.1rem;margin-top:1.3rem}"
    ".grid{display:grid;gap:.9rem;"
    "grid-template-columns:repeat(auto-fit,minmax(min(100%,21rem),1fr))}"
    ".card{background:var(--card);border:1px solid var(--line);"
    "border-radius:.7rem;padding:1rem 1.15rem}"
    ".state{display:flex;align-items:baseline;gap:.5rem;margin-top:.2rem}"
    ".figures{display:grid;grid-template-columns:1fr 1fr;gap:.8rem 1rem;"
    "margin-top:.9rem}"
    ".figures dt{color:var(--soft);font-size:.8125rem;line-height:1.3}"
    ".figures dd{font-size:1.4rem;font-weight:600;line-height:1.3;"
    "letter-spacing:-.01em}"
    ".cap{color:var(--soft);font-size:.8125rem;line-height:1.3;"
    "margin-top:1rem}.cap+.bar{margin-top:.35rem}"
    ".bar{display:flex;gap:2px;height:.45rem;border-radius:.25rem;"
    "overflow:hidden;background:var(--line);margin:.9rem 0 .6rem}"
    ".bar i{min-width:3px}"
    ".c-good{background:var(--good)}.c-mid{background:var(--mid)}"
    ".c-warn{background:var(--warn)}.c-bad{background:var(--bad)}"
    ".key{list-style:none;padding:0;display:grid;"
    "grid-template-columns:1fr 1fr;gap:.05rem 1rem;font-size:.875rem}"
    ".key li{display:flex;align-items:baseline;gap:.45rem}"
    ".key i{flex:none;width:.55rem;height:.55rem;border-radius:.15rem}"
    ".key b{margin-left:auto;font-weight:600}"
    "table{width:100%;border-collapse:collapse}"
    "th{font-size:.8125rem;font-weight:500;color:var(--soft);text-align:left}"
    "th,td{padding:.45rem .6rem .45rem 0;vertical-align:baseline;"
    "border-bottom:1px solid var(--line)}"
    "tr:last-child td{border-bottom:0}td:last-child,th:last-child"
    "{text-align:right;padding-right:0}"
    "td small{display:block}td b{font-weight:600;overflow-wrap:anywhere}"
    ".say{margin-bottom:.6rem;max-width:44rem}"
    "footer{margin-top:2.2rem;color:var(--soft);font-size:.8125rem}";


void
ngx_violet_page_print(ngx_violet_page_t *page, const char *fmt, ...)
{
    va_list  args;

    va_start(args, fmt);
    page->last = ngx_vslprintf(page->last, page->end, fmt, args);
    va_end(args);
}


void
ngx_violet_page_text(ngx_violet_page_t *page, u_char *data, size_t len)
{
    size_t  more;

    more = ngx_escape_html(NULL, data, len);

    if ((size_t) (page->end - page->last) >= len + more) {
        page->last = (u_char *) ngx_escape_html(page->last, data, len);
    }
}


void
ngx_violet_page_number(ngx_violet_page_t *page, int64_t n)
{
    if (n < 1000) {
        ngx_violet_page_print(page, "%L", n);
        return;
    }

    ngx_violet_page_number(page, n / 1000);
    ngx_violet_page_print(page, ",%03L", n % 1000);
}


void
ngx_violet_page_time(ngx_violet_page_t *page, int64_t s)
{
    s = ngx_max(s, 0);

    if (s < 60) {
        ngx_violet_page_print(page, "%L s", s);

    } else if (s < 3600) {
        ngx_violet_page_print(page, "%L min", s / 60);

    } else if (s < 86400) {
        ngx_violet_page_print(page, "%L h %L min", s / 3600, s % 3600 / 60);

    } else {
        ngx_violet_page_print(page, "%L d %L h", s / 86400,
                              s % 86400 / 3600);
    }
}


/* The date is left out if it is today's. */

void
ngx_violet_page_instant(ngx_violet_page_t *page, time_t instant)
{
    ngx_tm_t  tm, now;

    ngx_gmtime(instant, &tm);
    ngx_gmtime(ngx_time(), &now);

    if (tm.ngx_tm_year != now.ngx_tm_year || tm.ngx_tm_mon != now.ngx_tm_mon
        || tm.ngx_tm_mday != now.ngx_tm_mday)
    {
        ngx_violet_page_print(page, "%04d-%02d-%02d ", tm.ngx_tm_year,
                              tm.ngx_tm_mon, tm.ngx_tm_mday);
    }

    ngx_violet_page_print(page, "%02d:%02d UTC", tm.ngx_tm_hour,
                          tm.ngx_tm_min);
}


void
ngx_violet_page_bytes(ngx_violet_page_t *page, int64_t bytes)
{
    if (bytes < 10 * 1024 * 1024) {
        ngx_violet_page_print(page, "%L kB", bytes / 1024);
        return;
    }

    ngx_violet_page_number(page, bytes / (1024 * 1024));
    ngx_violet_page_print(page, " MB");
}


const char *
ngx_violet_page_class(ngx_violet_page_e state)
{
    static const char  *classes[] = { "good", "warn", "bad" };

    return classes[state];
}
