# Varnish, for hits only: without cookies and queries.

vcl 4.1;

backend violet_api {
    .host = "127.0.0.1";
    .port = "@UPSTREAM_PORT@";
}

sub vcl_recv {
    if (req.method != "GET" && req.method != "HEAD") {
        return (pass);
    }

    unset req.http.Cookie;
    return (hash);
}

sub vcl_backend_fetch {
    set bereq.http.X-Violet-App-Id = "10000";
    set bereq.http.X-Violet-App-Secret = "secret";
    set bereq.http.X-Violet-Token = "token";
}

sub vcl_backend_response {
    set beresp.ttl = 24h;
    set beresp.grace = 0s;
    return (deliver);
}

sub vcl_deliver {
    unset resp.http.Via;
    unset resp.http.X-Varnish;
}
