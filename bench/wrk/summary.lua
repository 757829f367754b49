-- Shared by the other scripts: prints one line of figures at the end.

function done(summary, latency, requests)
    local errors = summary.errors

    io.write(string.format("bench %d %d %d %d\n", summary.requests,
                           summary.duration, errors.status,
                           errors.connect + errors.read + errors.write
                           + errors.timeout))
end
