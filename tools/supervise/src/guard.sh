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
# On Linux, what has left them, and what that starts meanwhile. (Elsewhere there is no such file.)
for _ in 1 2 3 4 5 6 7 8 9; do
    found=$(grep -ls "$1" /proc/[0-9]*/limits)
    if [ -z "$found" ]; then break; fi
    for limits in $found; do
        process=${limits#/proc/}
        kill -KILL "${process%/limits}"
    done
done
if [ "$folder" ]; then rm -rf "$folder"; fi
