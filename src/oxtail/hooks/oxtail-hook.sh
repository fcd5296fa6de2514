#!/bin/sh
# oxtail: a coding agent's client runs this when something happens, as
#     oxtail-hook.sh EVENT CLIENT
# with the event's JSON on standard input.  It prints nothing or one line of JSON, and its exit
# status is always 0.  Without mail it starts nothing (for Codex one dd a turn); with mail, Python.
# `oxtail setup` writes this file; `oxtail uninstall` removes it.
PYTHON=@PYTHON@
RUN=@RUN@

umask 077
LC_ALL=C
event=${1-} client=${2-} head='' sid=''
home=${OXTAIL_HOME:-${HOME-}/.oxtail}

mark() {
    [ -d "$home/activity" ] || { [ -d "$home" ] && mkdir "$home/activity"; } || return 0
    printf %s "$1" >"$home/activity/$sid"
} 2>/dev/null

# Whether somebody holds mail of a box, perhaps a server that died while it showed it.
is_held() {
    for claim in "$home/claimed/$1"*; do
        [ -e "$claim" ] && return 0
    done
    return 1
}

# Whether there is mail.  The server links each box of its session here.
looks_waiting() {
    for box in "$home/by-session/$sid".*; do
        [ -h "$box" ] || return 1
        linked=1
        [ -s "$box" ] && return 0
        is_held "${box##*.}." && return 0
    done
    return 1
}

# Whether any session has mail; as far as that there is no need to know which one this is.
anyone_waits() {
    for box in "$home"/by-session/*; do
        [ -s "$box" ] && return 0
    done
    is_held ''
}

# Ends the script.  Where Python cannot do its part the turn must end as if there were no mail.
python() {
    [ -x "$PYTHON" ] || PYTHON=$(command -v python3)
    "$PYTHON" -I -S "$RUN" "$event" "$client" "$1" "$head" 2>/dev/null && exit 0
    [ "$event" != Stop ] || [ -z "$sid" ] || mark idle
    exit 0
}

case $event in
UserPromptSubmit | PreToolUse | PostToolUse | Stop | SessionStart | SessionEnd) ;;
*) exit 0 ;;
esac
[ "$client" != claude ] || sid=${CLAUDE_CODE_SESSION_ID-}
if [ -z "$sid" ]; then
    [ ! -t 0 ] || exit 0
    # The call of the server, beside this command, says that the session is busy.
    case $event in *ToolUse) anyone_waits || exit 0 ;; esac
    head=$(dd bs=1024 count=1 2>/dev/null)
    case $head in
    '{"session_id":"'*) sid=${head#*:\"} ;;
    '{"session_id": "'*) sid=${head#*: \"} ;;
    esac
    sid=${sid%%\"*}
fi
case $sid in
'' | *[!A-Za-z0-9_-]*) sid='' && python unseen ;;
esac
[ ${#sid} -le 200 ] || { sid='' && python unseen; }

linked=
case $event in
SessionStart) python unseen ;;
SessionEnd)
    [ ! -e "$home/activity/$sid" ] || rm -f "$home/activity/$sid" 2>/dev/null
    exit 0
    ;;
Stop)
    looks_waiting && python seen
    [ -n "$linked" ] || python unseen
    mark idle
    # A sender who saw the session busy has left it to this very moment.
    looks_waiting && python seen
    ;;
*)
    mark busy
    looks_waiting && python seen
    [ -n "$linked" ] || [ "$event" != UserPromptSubmit ] || python unseen
    ;;
esac
exit 0
