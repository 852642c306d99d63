/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/base/text.h"
#include "core/engine/plugins.h"
#include "core/model/facts.h"
#include "core/model/record.h"
#include "core/model/report.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* Recorded facts, and what the judge of that plugin makes of them. */
struct setting {
    const char *key, *value;
};
struct bought {
    const char *host, *gpu;
    int gpus; /* -1: the provider does not tell */
};
struct judgement {
    const char *check;
    struct bought pod;
    struct setting settings[4];
    const char *facts;
    const char *detail; /* is in the report */
    int verdict;        /* 0: the judge fails, could not find out */
    bool deep, timed_out;
};

#define CLOUD                                                                  \
    {                                                                          \
        "203.0.113.7", NULL, -1                                                \
    }
#define LOCAL                                                                  \
    {                                                                          \
        "127.0.0.1", NULL, -1                                                  \
    }
#define A4000                                                                  \
    {                                                                          \
        "203.0.113.7", "RTX A4000", 1                                          \
    }
#define TWO                                                                    \
    {                                                                          \
        "203.0.113.7", "RTX A4000", 2                                          \
    }
#define H100                                                                   \
    {                                                                          \
        "203.0.113.7", "H100 SXM", 1                                           \
    }
#define NEW                                                                    \
    "smi=0\nfields=index,memory.total,memory.used,"                            \
    "ecc.errors.uncorrected.volatile.total,mig.mode.current,"                  \
    "retired_pages.pending,clocks_event_reasons.active,gpu_recovery_action\n"
#define OLD                                                                    \
    "smi=0\nfields=index,memory.total,memory.used,"                            \
    "ecc.errors.uncorrected.volatile.total,mig.mode.current,"                  \
    "retired_pages.pending,clocks_throttle_reasons.active\n"
#define OLDEST        "smi=0\nfields=index,memory.total,memory.used\n"
#define DF(left_)     "space=/dev/vda1 104857600 1000 " left_ " 1% /\n"
#define INODES(left_) "inodes=/dev/vda1 6553600 100 " left_ " 1% /\n"
#define PLENTY        DF("98566144") INODES("6500000")
#define MEMORY        "total_kb=33554432\navailable_kb=30000000\n"
#define SHM           "shm=tmpfs 16777216 0 16777216 0% /dev/shm\n"
#define HOST          "fleet_asked_at=1000000\nfleet_answered_at=1000002\n"
#define CALM          "load=0.50 0.40 0.30 1/200 999\ncpus=4\n"
#define UP            "booted=900000\nticks=100\n"
#define TORCH         "python=/opt/conda/envs/arena-env/bin/python\nrunning=3.11.9\n"
#define ADDS          "tensor=999000\n"
#define ENV                                                                    \
    {                                                                          \
        {                                                                      \
            "CONDA_ENV_NAME", "arena-env"                                      \
        }                                                                      \
    }
#define MEASURED                                                               \
    {                                                                          \
        {                                                                      \
            "CHECK_NET_SPEED_URL", "https://mirror.example/big"                \
        }                                                                      \
    }
#define ANSWERS "address=140.82.121.4\nhttps=200\nssh=yes\n"
#define EDITOR  "glibc=2.36\nhome=writable\n" DF("9000000")
#define RULES   "rules=known\nforwarding=yes\nsubsystem=sftp\n"
#define REPO                                                                   \
    {                                                                          \
        {"ARENA_REPO_OWNER", "callummcdougall"},                               \
        {                                                                      \
            "ARENA_REPO_NAME", "ARENA_3.0"                                     \
        }                                                                      \
    }
#define ONE   "1111111111111111111111111111111111111111"
#define OTHER "2222222222222222222222222222222222222222"
#define CLONE                                                                  \
    "repo=/root/ARENA_3.0\nremote=https://github.com/callummcdougall/"         \
    "ARENA_3.0.git\n"

/* clang-format off */
static const struct judgement judgements[] = {
    /* ssh */
    {"ssh", CLOUD, {{0}}, "fleet_open_ms=120\nfleet_run_ms=30\n",
     "login in 120 ms", FLEET_PASS, 0, 0},
    {"ssh", CLOUD, {{"CHECK_SSH_SLOW", "1s"}}, "fleet_open_ms=1200\n",
     "login took 1200 ms", FLEET_WARN, 0, 0},
    {"ssh", CLOUD, {{0}}, "fleet_stage=connect\nfleet_error=connect: refused\n",
     "connect: refused", FLEET_FAIL, 0, 0},
    {"ssh", CLOUD, {{0}}, "", "nobody has logged in", FLEET_FAIL, 0, 0},

    /* gpu: driver generations */
    {"gpu", A4000, {{0}},
     NEW "gpu=0, 16376, 1, [N/A], [N/A], [N/A], 0x0000000000000001, None, NVIDIA RTX A4000\n",
     "1x NVIDIA RTX A4000", FLEET_PASS, 0, 0},
    {"gpu", A4000, {{0}},
     OLD "gpu=0, 16376, 1, N/A, N/A, N/A, 0x0000000000000000, NVIDIA RTX A4000\n",
     "1x NVIDIA RTX A4000", FLEET_PASS, 0, 0},
    {"gpu", A4000, {{0}},
     OLDEST "gpu=0, 16117, 3, Quadro RTX A4000\n", "1x Quadro", FLEET_PASS, 0, 0},
    {"gpu", A4000, {{0}},
     OLD "gpu=0, 16376, 1, [Not Supported], [Not Supported], [Not Supported], [Not Supported], NVIDIA RTX A4000\n",
     "1x NVIDIA", FLEET_PASS, 0, 0},
    {"gpu", H100, {{0}},
     NEW "gpu=0, 81559, 0, 0, Disabled, No, 0x0000000000000001, None, NVIDIA H100 80GB HBM3\n",
     "1x NVIDIA H100", FLEET_PASS, 0, 0},
    /* count and model */
    {"gpu", TWO, {{"NUM_GPUS", "2"}},
     NEW "gpu=0, 16376, 1, 0, [N/A], No, 0x1, None, NVIDIA RTX A4000\n",
     "1 GPUs instead of 2", FLEET_FAIL, 0, 0},
    {"gpu", TWO, {{0}},
     NEW "gpu=0, 16376, 1, 0, [N/A], No, 0x1, None, NVIDIA RTX A4000\n"
     "gpu=1, 16376, 1, 0, [N/A], No, 0x1, None, NVIDIA RTX A4000\n",
     "bought with 2 GPUs, NUM_GPUS is 1", FLEET_WARN, 0, 0},
    {"gpu", {"203.0.113.7", "RTX A4000", -1}, {{"NUM_GPUS", "2"}},
     NEW "gpu=0, 16376, 1, 0, [N/A], No, 0x1, None, NVIDIA RTX A4000\n",
     "1 GPUs instead of 2", FLEET_FAIL, 0, 0},
    {"gpu", A4000, {{0}},
     NEW "gpu=0, 8192, 1, 0, [N/A], No, 0x1, None, NVIDIA GeForce RTX 3070\n",
     "is NVIDIA GeForce RTX 3070, bought was RTX A4000", FLEET_FAIL, 0, 0},
    {"gpu", {"h.example", "RTX_4070", 1}, {{0}},
     OLDEST "gpu=0, 12282, 1, NVIDIA GeForce RTX 4070 Ti\n",
     "bought was RTX_4070", FLEET_FAIL, 0, 0},
    {"gpu", {"h.example", "1x A100 SXM4 80GB", 1}, {{0}},
     OLDEST "gpu=0, 81920, 1, NVIDIA A100-SXM4-80GB\n", "1x", FLEET_PASS, 0, 0},
    {"gpu", {"h.example", "NVIDIA A100 80GB PCIe", 1}, {{0}},
     OLDEST "gpu=0, 81920, 1, NVIDIA A100 80GB PCIe\n", "1x", FLEET_PASS, 0, 0},
    {"gpu", {"h.example", "RTX 6000 Ada", 1}, {{0}},
     OLDEST "gpu=0, 49140, 1, Quadro RTX 6000\n", "bought was", FLEET_FAIL, 0, 0},
    {"gpu", {"h.example", "T4", 1}, {{0}}, OLDEST "gpu=0, 15360, 1, Tesla T4\n",
     "1x Tesla T4", FLEET_PASS, 0, 0},
    /* faults */
    {"gpu", A4000, {{0}},
     NEW "gpu=0, 16376, 12000, 0, [N/A], No, 0x1, None, NVIDIA RTX A4000\n",
     "12000 of 16376 MB of GPU 0", FLEET_WARN, 0, 0},
    {"gpu", A4000, {{0}},
     NEW "gpu=0, 16376, 1, 3, [N/A], No, 0x1, None, NVIDIA RTX A4000\n",
     "3 uncorrected ECC errors", FLEET_FAIL, 0, 0},
    {"gpu", A4000, {{0}},
     NEW "gpu=0, 16376, 1, 0, [N/A], Yes, 0x1, None, NVIDIA RTX A4000\n",
     "bad memory pages", FLEET_WARN, 0, 0},
    {"gpu", A4000, {{0}},
     NEW "gpu=0, 16376, 1, 0, [N/A], No, 0x0000000000000048, None, NVIDIA RTX A4000\n",
     "throttled: too hot (hardware)", FLEET_WARN, 0, 0},
    {"gpu", A4000, {{0}},
     NEW "gpu=0, 16376, 1, 0, [N/A], No, 0x1, Drain and Reset, NVIDIA RTX A4000\n",
     "needs recovery: Drain and Reset", FLEET_FAIL, 0, 0},
    {"gpu", H100, {{0}},
     NEW "gpu=0, 81559, 0, 0, Enabled, No, 0x1, None, NVIDIA H100 80GB HBM3\n",
     "MIG is on", FLEET_WARN, 0, 0},
    {"gpu", A4000, {{0}},
     NEW "gpu=0, 16376, [Unknown Error], 0, [N/A], No, 0x1, None, NVIDIA RTX A4000\n",
     "could not find out how much memory", FLEET_WARN, 0, 0},
    {"gpu", A4000, {{0}},
     NEW "gpu=0, 16376, 1, 0, [N/A], No, 0x1, None, NVIDIA RTX A4000\n"
     "xid=NVRM: Xid (PCI:0000:01:00): 79\n", "Xid (PCI:0000:01:00): 79",
     FLEET_WARN, 0, 0},
    /* what it says in place of an answer */
    {"gpu", A4000, {{0}}, "smi=6\nfields=index\nsaid=No devices were found\n",
     "No devices were found", FLEET_FAIL, 0, 0},
    {"gpu", A4000, {{0}}, "smi=9\nfields=index\n"
     "said=NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver.\n",
     "couldn't communicate", FLEET_FAIL, 0, 0},
    {"gpu", A4000, {{0}}, "smi=18\nfields=index\n"
     "said=Failed to initialize NVML: Driver/library version mismatch\n",
     "version mismatch", FLEET_FAIL, 0, 0},
    {"gpu", TWO, {{"NUM_GPUS", "2"}},
     NEW "said=Unable to determine the device handle for GPU 0000:41:00.0: Unknown Error\n"
     "gpu=0, 16376, 1, 0, [N/A], No, 0x1, None, NVIDIA RTX A4000\n",
     "Unable to determine the device handle", FLEET_FAIL, 0, 0},
    {"gpu", A4000, {{0}}, "smi=absent\n", "no nvidia-smi", FLEET_FAIL, 0, 0},
    {"gpu", A4000, {{0}}, "", "could not find out", FLEET_FAIL, 0, 0},
    {"gpu", A4000, {{0}}, "smi=0\nfields=index\n", "says nothing", FLEET_FAIL, 0, 0},
    {"gpu", A4000, {{0}}, NEW "gpu=0\n", "could not find out what GPU 0 is",
     FLEET_FAIL, 0, 0},
    {"gpu", A4000, {{0}}, "", "does not answer", FLEET_FAIL, 0, 1},
    {"gpu", LOCAL, {{0}}, "smi=absent\n", "tells of none", FLEET_SKIP, 0, 0},
    {"gpu", A4000, {{"NUM_GPUS", "0"}}, "", "NUM_GPUS is 0", FLEET_SKIP, 0, 0},
    {"gpu", {"203.0.113.7", NULL, 0}, {{0}}, "smi=absent\n", "no GPU expected",
     FLEET_SKIP, 0, 0},

    /* disk */
    {"disk", CLOUD, {{0}}, "asking=/\n" PLENTY "done=yes\n",
     "94.0 GB free on /", FLEET_PASS, 0, 0},
    {"disk", CLOUD, {{0}}, "asking=/\n" DF("500000") INODES("6500000"),
     "0.5 GB free on /", FLEET_FAIL, 0, 0},
    {"disk", CLOUD, {{0}}, "asking=/\n" DF("3000000") INODES("6500000"),
     "2.9 GB free on /", FLEET_WARN, 0, 0},
    {"disk", CLOUD, {{"CHECK_DISK_MIN_GB", "200"}}, "asking=/\n" PLENTY,
     "94.0 GB free", FLEET_FAIL, 0, 0},
    {"disk", CLOUD, {{0}}, "asking=/\n" DF("98566144") INODES("12"),
     "12 inodes free on /", FLEET_FAIL, 0, 0},
    {"disk", CLOUD, {{0}},
     "asking=/\nspace=overlay 104857600 1 98566144 1% /\ninodes=overlay 0 0 0 - /\n",
     "94.0 GB", FLEET_PASS, 0, 0},
    {"disk", CLOUD, {{0}},
     "asking=/\nspace=//server/my share 104857600 1 98566144 1% /my disk\n" INODES("9999999"),
     "94.0 GB", FLEET_PASS, 0, 0},
    {"disk", CLOUD, {{0}}, "asking=/\n" PLENTY "asking=/workspace\nspace=absent\ninodes=absent\n",
     "94.0 GB free on /", FLEET_PASS, 0, 0},
    {"disk", CLOUD, {{0}}, "asking=/\n" PLENTY "asking=/workspace\n" DF("1") INODES("9999999"),
     "0.0 GB free on /workspace", FLEET_FAIL, 0, 0},
    {"disk", CLOUD, {{0}}, "asking=/\n" PLENTY "asking=/workspace\n",
     "/workspace does not answer", FLEET_FAIL, 0, 1},
    {"disk", CLOUD, {{0}}, "asking=/\nspace=\ninodes=\n",
     "could not find out what is free on /", FLEET_FAIL, 0, 0},
    {"disk", CLOUD, {{0}}, "asking=/\n" DF("98566144") "inodes=\n",
     "could not find out how many inodes", FLEET_WARN, 0, 0},
    {"disk", CLOUD, {{0}}, "asking=/\n" PLENTY "fixed=/workspace\n",
     "/workspace cannot be written", FLEET_WARN, 0, 0},
    {"disk", CLOUD, {{0}}, "asking=/\nspace=absent\ninodes=absent\n",
     "could not find out what is free on /", FLEET_FAIL, 0, 0},
    {"disk", CLOUD, {{0}}, "", "could not find out", 0, 0, 0},

    /* memory */
    {"memory", CLOUD, {{0}}, MEMORY SHM "limit=max\nused=1\n",
     "32.0 GB of memory", FLEET_PASS, 0, 0},
    {"memory", CLOUD, {{0}}, MEMORY SHM "limit=9223372036854771712\n",
     "32.0 GB of memory", FLEET_PASS, 0, 0},
    {"memory", CLOUD, {{0}}, MEMORY SHM "limit=8589934592\nused=1073741824\ncached=0\n",
     "8.0 GB of memory (limited)", FLEET_PASS, 0, 0},
    {"memory", CLOUD, {{0}}, MEMORY SHM "limit=8589934592\nused=8500000000\ncached=0\n",
     "only 0.1 GB of memory free", FLEET_WARN, 0, 0},
    {"memory", CLOUD, {{0}}, MEMORY SHM "limit=8589934592\nused=8500000000\ncached=8000000000\n",
     "8.0 GB of memory (limited)", FLEET_PASS, 0, 0},
    {"memory", CLOUD, {{0}}, MEMORY SHM "limit=536870912\n", "0.5 GB of memory",
     FLEET_FAIL, 0, 0},
    {"memory", CLOUD, {{0}}, MEMORY "shm=shm 65536 0 65536 0% /dev/shm\n",
     "/dev/shm has 64 MB", FLEET_WARN, 0, 0},
    {"memory", CLOUD, {{0}}, MEMORY "shm=absent\n", "no /dev/shm", FLEET_WARN, 0, 0},
    {"memory", CLOUD, {{0}}, MEMORY, "could not find out how large", FLEET_WARN, 0, 0},
    {"memory", CLOUD, {{0}}, MEMORY SHM "killed=3\n", "3 processes were killed",
     FLEET_WARN, 0, 0},
    {"memory", LOCAL, {{0}}, MEMORY SHM "killed=3\n", "32.0 GB", FLEET_PASS, 0, 0},
    {"memory", CLOUD, {{0}}, SHM, "could not find out how much memory", 0, 0, 0},

    /* host */
    {"host", CLOUD, {{0}}, HOST CALM UP "clock=1000001\n",
     "load 0.5 on 4 CPUs; up 27 h", FLEET_PASS, 0, 0},
    {"host", CLOUD, {{0}}, HOST UP "clock=1000001\nload=40.00 30 20\ncpus=4\n",
     "load 40.0 on 4 CPUs", FLEET_WARN, 0, 0},
    {"host", CLOUD, {{0}}, HOST CALM UP "clock=1000012\n",
     "clock is 10 s ahead", FLEET_WARN, 0, 0},
    {"host", CLOUD, {{0}}, HOST CALM UP "clock=999400\n",
     "clock is 600 s behind", FLEET_FAIL, 0, 0},
    {"host", CLOUD, {{"CHECK_HOST_SKEW", "1m"}}, HOST CALM UP "clock=1000012\n",
     "up 27 h", FLEET_PASS, 0, 0},
    {"host", CLOUD, {{0}}, HOST CALM "clock=1000001\nbooted=999000\nticks=40000\n",
     "up 10 min", FLEET_PASS, 0, 0},
    {"host", CLOUD, {{0}}, HOST CALM UP "clock=soon\n", "could not find out its time",
     FLEET_WARN, 0, 0},
    {"host", CLOUD, {{0}}, HOST UP "clock=1000001\n", "could not find out its load",
     FLEET_WARN, 0, 0},
    {"host", CLOUD, {{0}}, HOST CALM "clock=1000001\n", "since when it is up",
     FLEET_WARN, 0, 0},
    {"host", CLOUD, {{0}}, HOST "load=nan x\ncpus=4\nclock=1000001\n" UP,
     "could not find out its load", FLEET_WARN, 0, 0},

    /* torch */
    {"torch", A4000, ENV, TORCH "version=2.3.1+cu121\ncuda=yes\ndevices=1\n" ADDS,
     "torch 2.3.1+cu121 with CUDA", FLEET_PASS, 0, 0},
    {"torch", CLOUD, ENV, TORCH "version=2.3.1\ncuda=no\ndevices=0\n" ADDS,
     "torch 2.3.1", FLEET_PASS, 0, 0},
    {"torch", A4000, ENV, TORCH "version=2.3.1\ncuda=no\ndevices=0\n" ADDS,
     "sees no GPU", FLEET_FAIL, 0, 0},
    {"torch", A4000, ENV, TORCH "error=ModuleNotFoundError: No module named 'torch'\n",
     "torch cannot be imported: ModuleNotFoundError", FLEET_FAIL, 0, 0},
    {"torch", A4000, ENV, TORCH "version=2.3.1\ncuda=yes\ntensor=7\n",
     "cannot add up", FLEET_FAIL, 0, 0},
    {"torch", A4000, ENV, "python=/x/bin/python\n", "its python does not run",
     FLEET_FAIL, 0, 0},
    {"torch", A4000, ENV, "python=absent\n", "no conda environment is called arena-env",
     FLEET_FAIL, 0, 0},
    {"torch", LOCAL, ENV, "python=absent\n", "a pod of this computer", FLEET_SKIP, 0, 0},
    {"torch", A4000, {{0}}, "python=unasked\n", "no CONDA_ENV_NAME", FLEET_SKIP, 0, 0},
    {"torch", A4000, ENV, "", "could not find out", 0, 0, 0},
    {"torch", A4000, ENV, TORCH, "does not come to its end", FLEET_FAIL, 0, 1},
    {"torch", A4000, ENV, TORCH "version=2\ncuda=yes\ndevices=1\n" ADDS
     "smi_devices=1\npassed=sum on GPU 0\ndeep=done\n", "torch 2 with CUDA",
     FLEET_PASS, 1, 0},
    {"torch", A4000, ENV, TORCH "version=2\ncuda=yes\ndevices=1\n" ADDS
     "smi_devices=2\ndeep=done\n", "torch sees 1 GPUs, nvidia-smi 2", FLEET_FAIL, 1, 0},
    {"torch", A4000, ENV, TORCH "version=2\ncuda=yes\ndevices=1\n" ADDS
     "fault=matmul on GPU 0: product is not finite\ndeep=done\n",
     "matmul on GPU 0: product is not finite", FLEET_FAIL, 1, 0},
    {"torch", A4000, ENV, TORCH "version=2\ncuda=yes\ndevices=1\n" ADDS,
     "did not come to their end", FLEET_FAIL, 1, 0},

    /* net */
    {"net", CLOUD, {{0}}, ANSWERS, "github.com answers", FLEET_PASS, 0, 0},
    {"net", CLOUD, {{"CHECK_NET_HOST", "git.example"}}, ANSWERS,
     "git.example answers", FLEET_PASS, 0, 0},
    {"net", CLOUD, {{0}}, "address=none\n", "DNS does not know github.com",
     FLEET_FAIL, 0, 0},
    {"net", CLOUD, {{0}}, "address=1.2.3.4\nhttps=000curl: (28) timed out\nssh=yes\n",
     "no HTTPS: 000curl: (28)", FLEET_FAIL, 0, 0},
    {"net", CLOUD, {{0}}, "address=1.2.3.4\nhttps=000\nssh=yes\n",
     "no HTTPS: no answer", FLEET_FAIL, 0, 0},
    {"net", CLOUD, {{0}}, "address=1.2.3.4\nhttps=404\nssh=no\n",
     "no SSH to github.com", FLEET_FAIL, 0, 0},
    {"net", CLOUD, {{0}}, "address=1.2.3.4\nhttps=503\nssh=yes\n",
     "status 503", FLEET_WARN, 0, 0},
    {"net", CLOUD, {{0}}, "address=1.2.3.4\nhttps=untold\nssh=untold\n",
     "neither curl nor wget", FLEET_WARN, 0, 0},
    {"net", CLOUD, {{0}}, "address=1.2.3.4\n", "could not find out", FLEET_FAIL, 0, 0},
    {"net", CLOUD, {{0}}, "", "could not find out", 0, 0, 0},
    {"net", LOCAL, {{0}}, "", "this computer", FLEET_SKIP, 0, 0},
    {"net", LOCAL, {{"CHECK_NET_HOST", "localhost"}}, ANSWERS, "localhost answers",
     FLEET_PASS, 0, 0},
    {"net", CLOUD, {{0}}, ANSWERS, "speed not measured", FLEET_PASS, 1, 0},
    {"net", CLOUD, MEASURED, ANSWERS "speed=25000000\n", "200 Mbit/s", FLEET_PASS, 1, 0},
    {"net", CLOUD, MEASURED, ANSWERS "speed=125000\n", "downloads at 1 Mbit/s",
     FLEET_WARN, 1, 0},
    {"net", CLOUD, MEASURED, ANSWERS "speed=\n", "could not find out how fast",
     FLEET_WARN, 1, 0},

    /* editor */
    {"editor", CLOUD, {{0}}, EDITOR RULES, "glibc 2.36", FLEET_PASS, 0, 0},
    {"editor", CLOUD, {{0}}, "glibc=2.17\nhome=writable\n" DF("9000000") RULES,
     "glibc 2.17 is older than the 2.28", FLEET_FAIL, 0, 0},
    {"editor", CLOUD, {{0}}, "glibc=musl\nhome=writable\n" DF("9000000") RULES,
     "musl", FLEET_FAIL, 0, 0},
    {"editor", CLOUD, {{0}}, "home=writable\n" DF("9000000") RULES,
     "could not find out which glibc", FLEET_WARN, 0, 0},
    {"editor", CLOUD, {{0}}, "glibc=2.36\nhome=fixed\n" DF("9000000") RULES,
     "nothing can be written", FLEET_FAIL, 0, 0},
    {"editor", CLOUD, {{0}}, "glibc=2.36\nhome=writable\n" DF("100000") RULES,
     "97 MB free in the home directory", FLEET_WARN, 0, 0},
    {"editor", CLOUD, {{0}}, EDITOR "rules=known\nforwarding=no\nsubsystem=sftp\n",
     "forwards no ports", FLEET_FAIL, 0, 0},
    {"editor", CLOUD, {{0}}, EDITOR "rules=known\nforwarding=yes\n", "no sftp",
     FLEET_WARN, 0, 0},
    {"editor", CLOUD, {{0}}, EDITOR, "could not find out whether its SSH server",
     FLEET_WARN, 0, 0},
    {"editor", CLOUD, {{0}}, EDITOR RULES "lacks=tar\n", "there is no tar",
     FLEET_WARN, 0, 0},
    {"editor", CLOUD, {{0}}, "", "nothing can be written", FLEET_FAIL, 0, 0},

    /* repo */
    {"repo", CLOUD, REPO, CLONE "commit=" ONE "\nbranch=main\ntip=" ONE "\nchanges=0\n",
     "commit 111111111111 on main", FLEET_PASS, 0, 0},
    {"repo", CLOUD, REPO, "repo=/x\nremote=git@github.com:CallumMcDougall/ARENA_3.0\n"
     "commit=" ONE "\nbranch=main\ntip=" ONE "\n", "on main", FLEET_PASS, 0, 0},
    {"repo", CLOUD, REPO, "repo=/x\nremote=https://github.com/mallory/ARENA_3.0.git\n"
     "commit=" ONE "\nbranch=main\ntip=" ONE "\n",
     "its remote is https://github.com/mallory/ARENA_3.0.git", FLEET_FAIL, 0, 0},
    {"repo", CLOUD, REPO, "repo=/x\nremote=https://github.com/xcallummcdougall/ARENA_3.0\n"
     "commit=" ONE "\nbranch=main\ntip=" ONE "\n", "its remote is", FLEET_FAIL, 0, 0},
    {"repo", CLOUD, REPO, "repo=/x\nremote=https://github.com/callummcdougall/MYARENA_3.0\n"
     "commit=" ONE "\nbranch=main\ntip=" ONE "\n", "its remote is", FLEET_FAIL, 0, 0},
    {"repo", CLOUD, REPO, "repo=/x\ncommit=" ONE "\nbranch=main\ntip=" ONE "\n",
     "no remote origin", FLEET_FAIL, 0, 0},
    {"repo", CLOUD, REPO, CLONE "commit=" ONE "\nbranch=main\ntip=" OTHER "\n",
     "is not the newest of main", FLEET_WARN, 0, 0},
    {"repo", CLOUD, REPO, CLONE "commit=" ONE "\nbranch=main\n",
     "could not find out what is newest", FLEET_WARN, 0, 0},
    {"repo", CLOUD, REPO, CLONE "commit=" ONE "\nbranch=mine\ntip=" ONE "\n",
     "branch mine instead of main", FLEET_WARN, 0, 0},
    {"repo", CLOUD, REPO, CLONE "branch=main\n", "could not find out which commit",
     FLEET_FAIL, 0, 0},
    {"repo", CLOUD, {{"ARENA_REPO_NAME", "ARENA_3.0"}, {"CHECK_REPO_COMMIT", "1111"}},
     CLONE "commit=" ONE "\n", "commit 111111111111", FLEET_PASS, 0, 0},
    {"repo", CLOUD, {{"ARENA_REPO_NAME", "ARENA_3.0"}, {"CHECK_REPO_COMMIT", "2222"}},
     CLONE "commit=" ONE "\n", "instead of 2222", FLEET_FAIL, 0, 0},
    {"repo", CLOUD, REPO, "repo=absent\n", "is not there", FLEET_FAIL, 0, 0},
    {"repo", LOCAL, REPO, "repo=absent\n", "this computer", FLEET_SKIP, 0, 0},
    {"repo", CLOUD, REPO, "repo=ungit\n", "there is no git", FLEET_FAIL, 0, 0},
    {"repo", CLOUD, {{0}}, "repo=unasked\n", "no ARENA_REPO_NAME", FLEET_SKIP, 0, 0},
    {"repo", CLOUD, REPO, "", "could not find out", 0, 0, 0},
};
/* clang-format on */

static struct fl_plugins plugins;

static int load(void **state)
{
    static const char *const names[] = {"ssh",    "gpu",  "torch",
                                        "disk",   "host", "memory",
                                        "editor", "net",  "repo"};
    struct fleet_error err = {0};

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        FL_AUTO_FREE char *path = fl_format("%s/plugins/.libs/check-%s.so",
                                            FLEET_BUILD_DIR, names[i]);

        if (!path || fl_plugins_load(&plugins, path, &err) < 0 ||
            !fl_plugins_find(&plugins, FLEET_CHECK, names[i])) {
            print_error("%s is not loaded: %s\n", path,
                        plugins.n ? plugins.at[plugins.n - 1]->reason : "");
            return -1;
        }
    }
    return 0;
}

static int unload(void **state)
{
    (void)state;
    fl_plugins_close(&plugins);
    return 0;
}

static void set(const struct fl_plugin *plugin, void *config,
                const struct setting *setting)
{
    struct fleet_option option;
    struct fleet_error err = {0};
    long at = fl_option_find(&plugin->options, setting->key);

    assert_true(at >= 0);
    assert_true(fl_option_at(&plugin->options, (size_t)at, &option));
    assert_int_equal(fl_option_set(&option, config, setting->value, NULL, &err),
                     FLEET_OK);
}

static void *configure(const struct fl_plugin *plugin,
                       const struct setting *settings)
{
    void *config = calloc(1, (size_t)plugin->about.config_size + 1);
    struct fleet_error err = {0};

    assert_non_null(config);
    assert_int_equal(fl_options_defaults(&plugin->options, config, NULL, &err),
                     FLEET_OK);
    for (size_t i = 0; i < 4 && settings[i].key; i++)
        set(plugin, config, &settings[i]);
    return config;
}

/* As recorded, with the host's own facts among them. */
static void fill(struct fleet_facts *facts, const char *text)
{
    const char *at = text;

    while (*at) {
        size_t len = strcspn(at, "\n");
        FL_AUTO_FREE char *line = strndup(at, len);
        char *value = strchr(line, '=');

        if (strncmp(line, FL_FACT_HOST, strlen(FL_FACT_HOST)) == 0) {
            *value++ = '\0';
            fl_facts_tell(facts, line + strlen(FL_FACT_HOST), value);
        }
        at += len + (at[len] == '\n');
    }
    assert_int_equal(fl_facts_parse(facts, text, strlen(text)), FLEET_OK);
}

static struct fleet_pod *pod_of(const struct bought *bought)
{
    struct fleet_pod *pod = fl_pod_new();

    assert_non_null(pod);
    fleet_pod_set(pod, FLEET_POD_SSH_HOST, bought->host);
    fleet_pod_set(pod, FLEET_POD_GPU, bought->gpu);
    if (bought->gpus >= 0)
        fleet_pod_set_number(pod, FLEET_POD_GPUS, bought->gpus);
    return pod;
}

static void check(const struct judgement *judgement, size_t i)
{
    const struct fl_plugin *plugin =
        fl_plugins_find(&plugins, FLEET_CHECK, judgement->check);
    FL_AUTO(fl_facts_clear) struct fleet_facts facts = {0};
    FL_AUTO(fl_report_clear) struct fleet_report report;
    FL_AUTO(fl_pod_free) struct fleet_pod *pod = pod_of(&judgement->pod);
    void *config = configure(plugin, judgement->settings);
    struct fleet_error err = {0};
    const char *detail;
    int rc, verdict;

    fl_report_init(&report);
    fill(&facts, judgement->facts);
    if (strncmp(judgement->pod.host, "127.", 4) == 0)
        fl_facts_tell(&facts, "here", "yes");
    facts.pod = pod;
    facts.timed_out = judgement->timed_out;
    rc = plugin->check.judge(config, judgement->deep ? FLEET_CHECK_DEEP : 0,
                             &facts, &report, &err);
    verdict = rc < 0 ? 0 : fl_report_verdict(&report);
    detail = rc < 0 ? err.text : fl_buf_text(&report.detail);
    if (verdict != judgement->verdict || !strstr(detail, judgement->detail))
        fail_msg("judgement %zu (%s): %s: %s", i, judgement->check,
                 fl_verdict_name(verdict), detail);
    fl_options_clear(&plugin->options, config);
    free(config);
}

static void recorded_facts_are_judged(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(judgements) / sizeof(judgements[0]); i++)
        check(&judgements[i], i);
}

/* What could not be found out never passes, and is skipped only where a check
 * does not apply. */
static void nothing_is_no_pass(void **state)
{
    (void)state;
    for (size_t i = 0; i < plugins.n; i++) {
        const struct fl_plugin *plugin = plugins.at[i];
        const struct setting settings[4] = {{NULL, NULL}};
        const struct bought bought = {"203.0.113.7", "RTX A4000", 1};
        FL_AUTO(fl_pod_free) struct fleet_pod *pod = pod_of(&bought);
        FL_AUTO(fl_report_clear) struct fleet_report report;
        const struct fleet_facts facts = {.pod = pod};
        void *config = configure(plugin, settings);
        struct fleet_error err = {0};

        fl_report_init(&report);
        if (plugin->check.judge(config, 0, &facts, &report, &err) == 0)
            assert_int_not_equal(fl_report_verdict(&report), FLEET_PASS);
        else
            assert_true(*err.text);
        fl_options_clear(&plugin->options, config);
        free(config);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(recorded_facts_are_judged),
        cmocka_unit_test(nothing_is_no_pass),
    };

    return cmocka_run_group_tests(tests, load, unload);
}
