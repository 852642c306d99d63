/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "plugins/check.h"

#include <inttypes.h>

#define MOST_FAULTS 20

struct config {
    char *env;
    char *smi;
};
/* clang-format off */
static const struct fleet_option options[] = {
    {.key = "CONDA_ENV_NAME", .type = FLEET_OPT_STRING,
     .help = "conda environment that set-up and tests use",
     FLEET_AT(struct config, env)},
    {.key = "CHECK_GPU_SMI", .type = FLEET_OPT_STRING,
     .fallback = "nvidia-smi",
     .help = "nvidia-smi, or where it is on the pods",
     FLEET_AT(struct config, smi)},
    {0},
};
/* clang-format on */

/* conda need not run, which takes seconds: an environment is a directory, and
 * where those are is known or written down. */
static const char find_python[] =
    "try() { [ \"$python\" ] || [ ! -x \"$1/bin/python\" ] ||"
    " python=$1/bin/python; }\n"
    "python=\n"
    "if [ -r \"$HOME/.conda/environments.txt\" ]; then\n"
    "    while IFS= read -r dir; do\n"
    "        [ \"${dir##*/}\" = \"$env\" ] && try \"$dir\"\n"
    "    done <\"$HOME/.conda/environments.txt\"\n"
    "fi\n"
    "for base in \"$MAMBA_ROOT_PREFIX\" \"${CONDA_EXE%/bin/conda}\" \\\n"
    "    \"$HOME\" /root /opt /workspace /usr/local; do\n"
    "    [ \"$base\" ] || continue\n"
    "    try \"$base/envs/$env\"\n"
    "    for name in miniconda3 miniforge3 anaconda3 mambaforge conda"
    " micromamba .conda; do\n"
    "        try \"$base/$name/envs/$env\"\n"
    "        [ \"$env\" != base ] || try \"$base/$name\"\n"
    "    done\n"
    "done\n"
    "[ \"$python\" ] || { echo python=absent; exit; }\n"
    "echo \"python=$python\"\n";

static const char quick[] =
    "\"$python\" -u - <<'PYTHON'\n"
    "import sys\n"
    "print('running=' + sys.version.split()[0])\n"
    "def tell(e):\n"
    "    text = str(e).strip().split('\\n')[0]\n"
    "    return type(e).__name__ + (': ' + text if text else '')\n"
    "try:\n"
    "    import torch\n"
    "    print('version=' + torch.__version__)\n"
    "    cuda = torch.cuda.is_available()\n"
    "    print('cuda=' + ('yes' if cuda else 'no'))\n"
    "    n = torch.cuda.device_count() if cuda else 0\n"
    "    print('devices=%d' % n)\n"
    "    where = 'cuda' if cuda else 'cpu'\n"
    "    x = torch.arange(1000, device=where)\n"
    "    print('tensor=%d' % int((x + x).sum()))\n"
    "except BaseException as e:\n"
    "    print('error=' + tell(e))\n"
    "    sys.exit(1)\n";

/* On each GPU a sum that must be exact and a product that must be finite; a
 * copy from each to its neighbour that must be the same; a sum over all. */
static const char deep[] =
    "def test(name, job):\n"
    "    try:\n"
    "        fault = job()\n"
    "    except Exception as e:\n"
    "        fault = tell(e)\n"
    "    print('%s=%s' % ('fault' if fault else 'passed',\n"
    "                     name + (': ' + fault if fault else '')))\n"
    "def exact(d):\n"
    "    n = 1 << 26\n"
    "    x = torch.arange(n, device=d, dtype=torch.int64)\n"
    "    got, want = int(x.sum()), n * (n - 1) // 2\n"
    "    return '' if got == want else 'sum is %d, not %d' % (got, want)\n"
    "def finite(d):\n"
    "    x = torch.randn(4096, 4096, device=d)\n"
    "    for _ in range(20):\n"
    "        x = x @ x\n"
    "        x = x / x.norm() * 64\n"
    "    ok = bool(torch.isfinite(x).all())\n"
    "    return '' if ok else 'product is not finite'\n"
    "def copied(a, b):\n"
    "    x = torch.randint(0, 1 << 30, (1 << 22,), device='cuda:%d' % a)\n"
    "    y = x.to('cuda:%d' % b)\n"
    "    torch.cuda.synchronize(b)\n"
    "    ok = bool((x.cpu() == y.cpu()).all())\n"
    "    return '' if ok else 'copy differs'\n"
    "def reduced():\n"
    "    import torch.cuda.nccl as nccl\n"
    "    xs = [torch.full((1 << 20,), float(i + 1), device='cuda:%d' % i)\n"
    "          for i in range(n)]\n"
    "    nccl.all_reduce(xs)\n"
    "    for i in range(n):\n"
    "        torch.cuda.synchronize(i)\n"
    "    want = n * (n + 1) / 2\n"
    "    ok = all(bool((x == want).all()) for x in xs)\n"
    "    return '' if ok else 'sum is wrong'\n"
    "for d in range(n):\n"
    "    test('sum on GPU %d' % d, lambda: exact('cuda:%d' % d))\n"
    "    test('matmul on GPU %d' % d, lambda: finite('cuda:%d' % d))\n"
    "for d in range(n if n > 1 else 0):\n"
    "    e = (d + 1) % n\n"
    "    test('copy from GPU %d to %d' % (d, e), lambda: copied(d, e))\n"
    "if n > 1:\n"
    "    test('NCCL all-reduce', reduced)\n"
    "print('deep=done')\n";

static const char count_gpus[] =
    "PATH=$PATH:/usr/local/nvidia/bin:/usr/lib/wsl/lib:/opt/bin\n"
    "command -v \"$smi\" >/dev/null &&\n"
    "    echo \"smi_devices=$(\"$smi\" -L | grep -c '^GPU ')\"\n";

static int probe(const void *config, uint32_t flags,
                 struct fleet_writer *script, struct fleet_error *err)
{
    const struct config *names = config;

    (void)err;
    if (!names->env) {
        fleet_write(script, "echo python=unasked\n");
        return FLEET_OK;
    }
    write_assignment(script, "env", names->env);
    fleet_write(script, find_python);
    if (flags & FLEET_CHECK_DEEP) {
        write_assignment(script, "smi", names->smi);
        fleet_write(script, count_gpus);
    }
    fleet_write(script, quick);
    if (flags & FLEET_CHECK_DEEP)
        fleet_write(script, deep);
    fleet_write(script, "PYTHON\n");
    return FLEET_OK;
}

/* Why it was not asked; NULL: it was. */
static const char *needless(const struct config *names,
                            const struct fleet_facts *facts)
{
    const char *python = fleet_fact(facts, "python");

    if (!names->env)
        return "no CONDA_ENV_NAME is set";
    if (python && strcmp(python, "absent") == 0 && is_here(facts))
        return "a pod of this computer, without that environment";
    return NULL;
}

static void judge_deep(const struct fleet_facts *facts,
                       struct fleet_report *report)
{
    int64_t seen = fleet_fact_number(facts, "devices", -1);
    int64_t there = fleet_fact_number(facts, "smi_devices", -1);
    const char *fault;

    for (size_t i = 0;
         i < MOST_FAULTS && (fault = fleet_fact_nth(facts, "fault", i)); i++)
        fleet_report(report, FLEET_FAIL, "%.200s", fault);
    if (!fleet_fact(facts, "deep"))
        fleet_report(report, FLEET_FAIL,
                     "the thorough tests did not come to their end");
    if (there >= 0 && seen != there)
        fleet_report(report, FLEET_FAIL,
                     "torch sees %" PRId64 " GPUs, nvidia-smi %" PRId64, seen,
                     there);
}

/* The reason why a step failed, where python has given one. */
static void report_error(const struct fleet_facts *facts,
                         struct fleet_report *report, const char *what)
{
    const char *error = fleet_fact(facts, "error");

    fleet_report(report, FLEET_FAIL, "%s%s%.200s", what, error ? ": " : "",
                 error ? error : "");
}

static void judge_torch(const struct fleet_facts *facts,
                        struct fleet_report *report)
{
    const char *version = fleet_fact(facts, "version");
    const char *cuda = fleet_fact(facts, "cuda");
    int has_cuda = cuda && strcmp(cuda, "yes") == 0;

    if (!fleet_fact(facts, "running"))
        report_error(facts, report, "its python does not run");
    else if (!version)
        report_error(facts, report, "torch cannot be imported");
    else if (fleet_fact_number(facts, "tensor", -1) != 999000)
        report_error(facts, report, "torch cannot add up");
    else if (!has_cuda && has_gpu(facts))
        fleet_report(report, FLEET_FAIL, "torch %.40s sees no GPU", version);
    else
        fleet_report(report, FLEET_PASS, "torch %.40s%s", version,
                     has_cuda ? " with CUDA" : "");
}

static int judge(const void *config, uint32_t flags,
                 const struct fleet_facts *facts, struct fleet_report *report,
                 struct fleet_error *err)
{
    const struct config *names = config;
    const char *python = fleet_fact(facts, "python");
    const char *why = needless(names, facts);

    if (why) {
        fleet_report(report, FLEET_SKIP, "%s", why);
        return FLEET_OK;
    }
    if (!python)
        return fleet_fail(err, FLEET_EINTERNAL,
                          "could not find out which python there is");
    if (strcmp(python, "absent") == 0) {
        fleet_report(report, FLEET_FAIL, "no conda environment is called %.60s",
                     names->env);
        return FLEET_OK;
    }
    judge_torch(facts, report);
    if (flags & FLEET_CHECK_DEEP)
        judge_deep(facts, report);
    if (fleet_facts_timed_out(facts))
        fleet_report(report, FLEET_FAIL, "python does not come to its end");
    return FLEET_OK;
}

static const struct fleet_check_ops ops = {
    .probe = probe, .judge = judge, .limit_ms = 45000, .deep_limit_ms = 420000};

const struct fleet_plugin fleet_plugin = {
    FLEET_PLUGIN_HEAD(FLEET_CHECK, check, ops),
    .name = "torch",
    .version = "1.0",
    .summary = "PyTorch of the conda environment works, on the GPUs too",
    .threads = FLEET_THREADS_PARALLEL,
    .options = options,
    .config_size = sizeof(struct config),
};
