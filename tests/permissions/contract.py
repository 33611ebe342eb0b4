"""Who may open what: CONTRACT's table of permissions, and a line for every URL.

Written by hand and read from nothing. A new URL stands here before it is served; whether
the product keeps to it, test_matrix.py asks of every role.
"""

from __future__ import annotations

# Of each right, who has it: `all` of what there is, `own` of it alone, `-` nothing.
# `reviewers` are Developer, Security Engineer, Technical Lead and Product Owner; a
# DevOps Engineer is one who also marks deployments. `no role` is logged in. An
# Administrator's own prices are the desk's, and own tokens those of service accounts, too.
RIGHTS = """
right                      stranger  no role  Trader  reviewers  DevOps  Operator  Viewer  Administrator
public                     all       all      all     all        all     all       all     all
oneself                    -         own      own     own        own     own       own     own
trading: reads             -         -        own     -          -       -         all     all
trading: writes            -         -        own     -          -       -         -       -
trading: makes a book      -         -        own     -          -       -         -       all
trading: own imports       -         -        own     -          -       -         -       -
prices: reads              -         -        own     -          -       -         all     all
prices: keeps              -         -        own     -          -       -         -       own
readiness: reads           -         -        all     all        all     all       all     all
readiness: works           -         -        -       all        all     -         -       -
readiness: signs           -         -        -       all        all     -         -       -
readiness: runs probes     -         -        -       all        all     all       -       -
readiness: opens           -         -        -       all        all     -         -       all
readiness: approves        -         -        -       -          -       -         -       all
readiness: agrees          -         -        -       all        all     -         -       all
readiness: deploys         -         -        -       -          all     all       -       -
readiness: follows up      -         -        -       all        all     all       -       -
readiness: ends            -         -        -       -          -       -         -       all
readiness: templates       -         -        -       -          -       -         -       all
operations: reads          -         -        -       all        all     all       all     all
operations: runs probes    -         -        -       all        all     all       -       -
operations: acknowledges   -         -        -       all        all     all       -       -
operations: manages        -         -        -       -          -       all       -       -
audit: reads               -         -        -       all        all     all       -       all
audit: verifies            -         -        -       -          -       -         -       all
tokens: own                -         -        own     own        own     own       own     own
tokens: revokes            -         -        own     own        own     own       own     own
keys: own                  -         -        -       own        own     -         -       own
people: manages            -         -        -       -          -       -         -       all
admin site: log-in         all       -        -       -          -       -         -       -
nobody                     -         -        -       -          -       -         -       -
"""

# METHOD right, of every URL; `{…}` is what test_matrix.py puts there, of a trader's own
# or of another's. What stands not here is a 405 to whoever may open the URL.
API = """
/api/token                                              POST public
/api/token/refresh                                      POST public
/api/token/revoke                                       POST public
/api/csp-report                                         POST public
/api/me                                                 GET oneself
/api/tokens                                             GET tokens: own               POST tokens: own
/api/tokens/{token}/revoke                              POST tokens: revokes

/api/portfolio                                          GET trading: reads
/api/portfolio/positions                                GET trading: reads
/api/portfolio/lots                                     GET trading: reads
/api/portfolio/allocation                               GET trading: reads
/api/portfolio/reconciliation                           GET trading: reads
/api/performance                                        GET trading: reads
/api/performance/equity-curve                           GET trading: reads
/api/performance/pdf                                    GET trading: reads
/api/performance/monthly                                GET trading: reads
/api/performance/drawdowns                              GET trading: reads
/api/performance/by-strategy                            GET trading: reads
/api/performance/by-symbol                              GET trading: reads
/api/stats                                              GET trading: reads
/api/books                                              GET trading: reads            POST trading: writes
/api/balances                                           GET trading: reads            POST trading: writes
/api/balances/{balance}/void                            POST trading: writes
/api/balances/{balance}/correct                         POST trading: writes
/api/trades                                             GET trading: reads            POST trading: writes
/api/trades/{trade}                                     GET trading: reads
/api/trades/{trade}/void                                POST trading: writes
/api/trades/{trade}/correct                             POST trading: writes
/api/transfers                                          GET trading: reads            POST trading: writes
/api/transfers/{transfer}/void                          POST trading: writes
/api/transfers/{transfer}/correct                       POST trading: writes
/api/trades/import                                      POST trading: writes
/api/trades/imports                                     GET trading: own imports
/api/trades/imports/{preview}                           GET trading: own imports
/api/trades/imports/{preview}/commit                    POST trading: own imports
/api/trades/imports/{preview}/cancel                    POST trading: own imports
/api/trades/imports/{booked}/undo                       POST trading: own imports
/api/prices                                             GET prices: reads             POST prices: keeps
/api/prices/{price}/void                                POST prices: keeps
/api/prices/{price}/correct                             POST prices: keeps
/api/splits                                             GET prices: reads             POST prices: keeps
/api/splits/{split}/void                                POST prices: keeps
/api/splits/{split}/correct                             POST prices: keeps

/api/readiness/templates                                GET readiness: reads
/api/readiness/templates/import                         POST readiness: templates
/api/readiness/templates/{template}/publish             POST readiness: templates
/api/readiness/templates/{template}/versions/{number}/markdown  GET readiness: reads
/api/readiness/reviews                                  GET readiness: reads          POST readiness: opens
/api/readiness/reviews/{review}                         GET readiness: reads
/api/readiness/reviews/{review}/items                   GET readiness: reads
/api/readiness/reviews/{review}/markdown                GET readiness: reads
/api/readiness/reviews/{review}/pdf                     GET readiness: reads
/api/readiness/reviews/{review}/statement               GET readiness: reads
/api/readiness/reviews/{review}/signoffs                GET readiness: reads
/api/readiness/reviews/{review}/sign                    POST readiness: signs
/api/readiness/signoffs/{signoff}/envelope              GET readiness: reads
/api/readiness/signoffs/{signoff}/claims                GET readiness: reads
/api/readiness/signoffs/{signoff}/proof                 GET readiness: reads
/api/readiness/signoffs/{signoff}/key                   GET readiness: reads
/api/readiness/items/{item}                             GET readiness: reads
/api/readiness/items/{item}/claim                       POST readiness: works
/api/readiness/items/{item}/comments                    POST readiness: works
/api/readiness/items/{item}/evidence                    POST readiness: works
/api/readiness/items/{item}/evidence/{evidence}/confirm  POST readiness: works
/api/readiness/items/{item}/restore                     POST readiness: works
/api/readiness/items/{item}/run                         POST readiness: runs probes
/api/readiness/items/{item}/waivers                     POST readiness: works
/api/readiness/items/{item}/not-applicable              POST readiness: works
/api/readiness/waivers/{waiver}/approve                 POST readiness: approves
/api/readiness/waivers/{waiver}/revoke                  POST readiness: agrees
/api/readiness/not-applicable/{exemption}/approve       POST readiness: agrees
/api/readiness/not-applicable/{exemption}/revoke        POST readiness: agrees
/api/readiness/reviews/{review}/claims                  POST readiness: works
/api/readiness/reviews/{review}/sections                GET readiness: reads          POST readiness: works
/api/readiness/reviews/{review}/diff                    GET readiness: reads
/api/readiness/reviews/{review}/notes                   GET readiness: reads          POST readiness: works
/api/readiness/notes/{note}/resolve                     POST readiness: works
/api/readiness/items/{item}/assign                      POST readiness: works
/api/readiness/deployments                              POST readiness: deploys
/api/readiness/reviews/{review}/lifecycle               GET readiness: reads
/api/readiness/reviews/{review}/abort                   POST readiness: ends
/api/readiness/reviews/{review}/invalidate              POST readiness: ends
/api/readiness/reviews/{review}/next-review             POST readiness: follows up
/api/readiness/follow-ups/{follow_up}/done              POST readiness: follows up
/api/readiness/attestations                             POST readiness: works

/api/operations/jobs                                    GET operations: reads
/api/operations/jobs/{job}/run                          POST operations: manages
/api/operations/jobs/{job}/pause                        POST operations: manages
/api/operations/jobs/{rested}/resume                    POST operations: manages
/api/operations/probes                                  GET operations: reads
/api/operations/probes/{probe}/run                      POST operations: runs probes
/api/operations/backups                                 GET operations: reads         POST operations: manages
/api/operations/alerts                                  GET operations: reads
/api/operations/alerts/{alert}/ack                      POST operations: acknowledges
/api/operations/alerts/{alert}/resolve                  POST operations: manages
/api/operations/alerts/{alert}/silence                  POST operations: acknowledges
/api/operations/silences                                GET operations: reads         POST operations: acknowledges
/api/operations/silences/{silence}/end                  POST operations: acknowledges
/api/operations/rules                                   GET operations: reads
/api/operations/rules/{rule}                            GET operations: reads         PATCH operations: manages

/api/audit                                              GET audit: reads
/api/audit/checkpoint                                   GET audit: reads
/api/audit/verify                                       GET audit: verifies
"""

PAGES = """
/                                                       GET oneself
/search/                                                GET oneself
/accounts/login/                                        GET public                    POST public
/accounts/logout/                                       POST public
/accounts/password/reset/                               GET public                    POST public
/accounts/password/reset/{reset}/                       GET public                    POST public
/accounts/invitation/{invited}/                         GET public                    POST public
/accounts/password/change/                              GET oneself                   POST oneself
/settings/                                              GET oneself
/settings/filters/{list}/                               POST oneself
/settings/preferences/                                  POST public
/settings/profile/                                      GET oneself                   POST oneself
/settings/sessions/end/                                 POST oneself
/settings/sessions/{session}/end/                       POST oneself
/settings/signing-key/                                  GET keys: own
/settings/signing-key/create/                           POST keys: own
/settings/signing-key/revoke/                           POST keys: own
/settings/tokens/                                       GET tokens: own               POST tokens: own
/settings/tokens/{token}/revoke/                        POST tokens: revokes
/settings/people/                                       GET people: manages           POST people: manages
/settings/people/{person}/                              GET people: manages           POST people: manages
/settings/people/{person}/disable/                      POST people: manages
/settings/people/{disabled}/enable/                     POST people: manages
/settings/people/invitations/{invitation}/withdraw/     POST people: manages
/settings/people/services/                              GET people: manages           POST people: manages
/settings/people/services/{service}/                    GET people: manages           POST people: manages
/settings/people/services/{service}/tokens.csv           GET people: manages
/settings/people/files/{people}.csv                     GET people: manages
/settings/tokens/tokens.csv                             GET tokens: own

/portfolio/                                             GET trading: reads
/portfolio/reconciliation/                              GET trading: reads
/portfolio/reconciliation/new/                          GET trading: writes           POST trading: writes
/portfolio/reconciliation/{balance}/                    GET trading: reads            POST trading: writes
/portfolio/positions/{position}/                        GET trading: reads
/performance/                                           GET trading: reads
/portfolio/positions.csv                                GET trading: reads
/performance/files/{file}.csv                           GET trading: reads
/performance/metrics/{metric}/                          GET trading: reads
/portfolio/lots.csv                                     GET trading: reads
/portfolio/reconciliation/balances.csv                  GET trading: reads
/books/books.csv                                        GET trading: reads
/transfers/transfers.csv                                GET trading: reads
/prices/prices.csv                                      GET prices: reads
/splits/splits.csv                                      GET prices: reads
/books/                                                 GET trading: reads            POST trading: makes a book
/trades/                                                GET trading: reads
/trades/trades.csv                                      GET trading: reads
/trades/trades.jsonl                                    GET trading: reads
/trades/new/                                            GET trading: writes           POST trading: writes
/trades/{trade}/                                        GET trading: reads
/trades/{trade}/void/                                   GET trading: writes           POST trading: writes
/trades/{trade}/correct/                                GET trading: writes           POST trading: writes
/trades/import/                                         GET trading: writes           POST trading: writes
/trades/imports/imports.csv                             GET trading: own imports
/trades/imports/{preview}/                              GET trading: own imports
/trades/imports/{preview}/commit/                       POST trading: own imports
/trades/imports/{preview}/cancel/                       POST trading: own imports
/trades/imports/{preview}/columns/                      POST trading: own imports
/trades/imports/{booked}/undo/                          POST trading: own imports
/transfers/                                             GET trading: reads
/transfers/new/                                         GET trading: writes           POST trading: writes
/transfers/{transfer}/                                  GET trading: reads
/transfers/{transfer}/void/                             GET trading: writes           POST trading: writes
/transfers/{transfer}/correct/                          GET trading: writes           POST trading: writes
/prices/                                                GET prices: reads
/prices/new/                                            GET prices: keeps             POST prices: keeps
/prices/{price}/                                        GET prices: reads             POST prices: keeps
/splits/                                                GET prices: reads
/splits/new/                                            GET prices: keeps             POST prices: keeps
/splits/{split}/                                        GET prices: reads             POST prices: keeps

/readiness/                                             GET readiness: reads
/readiness/templates/                                   GET readiness: reads
/readiness/templates/checklists.csv                     GET readiness: reads
/readiness/templates/import/                            GET readiness: templates      POST readiness: templates
/readiness/templates/builtin/                           POST readiness: templates
/readiness/templates/versions/{version}/                GET readiness: reads
/readiness/templates/versions/{draft}/decide/           POST readiness: templates
/readiness/reviews/reviews.csv                          GET readiness: reads
/readiness/reviews/new/                                 GET readiness: opens          POST readiness: opens
/readiness/reviews/{review}/                            GET readiness: reads
/readiness/reviews/{review}/sign/                       GET readiness: reads          POST readiness: signs
/readiness/reviews/{review}/verify/                     GET readiness: reads
/readiness/reviews/{review}/lifecycle/                  GET readiness: reads
/readiness/reviews/{review}/lines/                      GET readiness: reads
/readiness/reviews/{review}/lines/lines.csv             GET readiness: reads
/readiness/reviews/{review}/lines/work/                 POST readiness: works
/readiness/reviews/{review}/sections/                   POST readiness: works
/readiness/reviews/{review}/diff/changes.csv            GET readiness: reads
/readiness/reviews/{review}/diff/                       GET readiness: reads
/readiness/reviews/{review}/notes/                      POST readiness: works
/readiness/reviews/{review}/notes/{note}/resolve/       POST readiness: works
/readiness/reviews/{review}/deploy/                     POST readiness: deploys
/readiness/reviews/{review}/abort/                      POST readiness: ends
/readiness/reviews/{review}/invalidate/                 POST readiness: ends
/readiness/reviews/{review}/next-review/                POST readiness: follows up
/readiness/reviews/{review}/follow-ups/{follow_up}/     POST readiness: follows up
/readiness/reviews/{review}/collect/                    POST readiness: runs probes
/readiness/reviews/{review}/items/{item}/               GET readiness: reads
/readiness/reviews/{review}/items/{item}/claim/         POST readiness: works
/readiness/reviews/{review}/items/{item}/fields/        POST readiness: works
/readiness/reviews/{review}/items/{item}/comments/      POST readiness: works
/readiness/reviews/{review}/items/{item}/restore/       POST readiness: works
/readiness/reviews/{review}/items/{item}/waivers/       POST readiness: works
/readiness/reviews/{review}/items/{item}/not-applicable/  POST readiness: works
/readiness/reviews/{review}/items/{exempt}/waivers/{waiver}/decide/  POST readiness: approves
/readiness/reviews/{review}/items/{exempt}/not-applicable/{exemption}/decide/  POST readiness: agrees
/readiness/reviews/{review}/items/{item}/evidence/      POST readiness: works
/readiness/reviews/{review}/items/{item}/evidence/{evidence}/confirm/  POST readiness: works
/readiness/reviews/{review}/items/{item}/evidence/{evidence}/file/     GET readiness: reads
/readiness/reviews/{review}/items/{item}/run/           POST readiness: runs probes

/operations/                                            GET operations: reads
/operations/jobs/                                       GET operations: reads
/operations/jobs/{job}/run/                             POST operations: manages
/operations/jobs/{job}/pause/                           GET operations: manages       POST operations: manages
/operations/jobs/{rested}/resume/                       POST operations: manages
/operations/probes/{probe}/run/                         POST operations: runs probes
/operations/backups/                                    GET operations: reads
/operations/backups/take/                               POST operations: manages
/operations/files/{table}.csv                           GET operations: reads
/operations/csp/                                        GET operations: reads
/runbooks/                                              GET operations: reads
/runbooks/{runbook}/                                    GET operations: reads
/alerts/                                                GET operations: reads
/alerts/{alert}/                                        GET operations: reads
/alerts/{alert}/acknowledge/                            POST operations: acknowledges
/alerts/{alert}/resolve/                                POST operations: manages
/alerts/{alert}/silence/                                POST operations: acknowledges
/alerts/rules/{rule}/silence/                           POST operations: acknowledges
/alerts/silences/{silence}/end/                         POST operations: acknowledges
/alerts/rules/{rule}/                                   GET operations: reads         POST operations: manages
/audit/                                                 GET audit: reads
/audit/events.csv                                       GET audit: reads

/health                                                 GET public
/health/live                                            GET public
/health/ready                                           GET public
/health/fault                                           GET nobody
/metrics                                                GET operations: reads
/openapi.json                                           GET public
/docs                                                   GET public
/redoc                                                  GET public
/styleguide/                                            GET public
"""

# The admin site shows people, roles and sessions to an Administrator, and changes none.
ADMIN = """
/admin/                                                 GET people: manages
/admin/login/                                           GET admin site: log-in        POST admin site: log-in
/admin/logout/                                          POST public
/admin/password_change/                                 GET oneself                   POST oneself
/admin/password_change/done/                            GET people: manages
/admin/jsi18n/                                          GET people: manages
/admin/autocomplete/                                    GET nobody
/admin/r/{type}/{person}/                               GET nobody
/admin/accounts/                                        GET people: manages
/admin/accounts/user/                                   GET people: manages
/admin/accounts/user/add/                               GET nobody                    POST nobody
/admin/accounts/user/{person}/                          GET people: manages
/admin/accounts/user/{person}/change/                   GET people: manages           POST nobody
/admin/accounts/user/{person}/delete/                   GET nobody                    POST nobody
/admin/accounts/user/{person}/history/                  GET people: manages
/admin/auth/group/                                      GET people: manages
/admin/auth/group/add/                                  GET nobody                    POST nobody
/admin/auth/group/{role}/                               GET people: manages
/admin/auth/group/{role}/change/                        GET people: manages           POST nobody
/admin/auth/group/{role}/delete/                        GET nobody                    POST nobody
/admin/auth/group/{role}/history/                       GET people: manages
/admin/accounts/session/                                GET people: manages
/admin/accounts/session/add/                            GET nobody                    POST nobody
/admin/accounts/session/{session}/                      GET people: manages
/admin/accounts/session/{session}/change/               GET people: manages           POST nobody
/admin/accounts/session/{session}/delete/               GET nobody                    POST nobody
/admin/accounts/session/{session}/history/              GET people: manages
/admin/{anything}                                       GET nobody                    POST nobody
"""

# What a service token's scope opens of the API, of what its owner may do: reads by GET,
# the rest by what changes something. No scope reaches people, tokens, keys, signatures
# or checklist templates. Who is nobody's secret (`oneself`) every token is told.
SCOPES = """
trading:read      GET    trading: reads, trading: own imports, prices: reads
trading:write     POST   trading: writes, trading: own imports, prices: keeps
readiness:read    GET    readiness: reads
readiness:write   POST   readiness: works, readiness: agrees, readiness: opens, readiness: ends, readiness: deploys, readiness: follows up, readiness: runs probes, operations: runs probes
operations:read   GET    operations: reads
operations:write  POST   operations: acknowledges, operations: manages, operations: runs probes
operations:write  PATCH  operations: manages
audit:read        GET    audit: reads, audit: verifies
audit:write       POST   nothing
evidence:attest   POST   nothing
"""
