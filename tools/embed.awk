# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
#
# awk -f embed.awk FILE.sh...: each as a C string, fl_pod_FILE, without the
# comments that it begins with.
BEGIN {
    print "/* Made by tools/embed.awk. */"
    print "#include \"core/pod/scripts.h\""
}
FNR == 1 {
    if (NR > 1)
        print "    ;"
    name = FILENAME
    sub(/.*\//, "", name)
    sub(/\.sh$/, "", name)
    gsub(/-/, "_", name)
    printf "\nconst char fl_pod_%s[] =\n    \"\"\n", name
    top = 1
}
top && /^#/ { next }
{
    top = 0
    gsub(/\\/, "&&")
    gsub(/"/, "\\\"")
    gsub(/\t/, "\\t")
    printf "    \"%s\\n\"\n", $0
}
END { print "    ;" }
