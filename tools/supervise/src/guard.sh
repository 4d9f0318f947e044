# Whoever ends us by our owner's mark must leave this helper to end what our owner has started.
ulimit -S -m unlimited 2>/dev/null
groups=" "
folder=
while read -r what it; do
    case $what in
        watch) groups="$groups$it " ;;
        forget) groups="${groups%%" $it "*} ${groups#*" $it "}" ;;
        remove) folder=$it ;;
    esac
done
for group in $groups; do kill -KILL "-$group"; done
# On Linux, what has left them. (Elsewhere the pattern is empty, and so is /proc.)
for limits in $(grep -ls "$1" /proc/[0-9]*/limits); do
    process=${limits#/proc/}
    kill -KILL "${process%/limits}"
done
if [ "$folder" ]; then rm -rf "$folder"; fi
