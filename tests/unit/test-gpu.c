/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/model/gpu.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const struct {
    const char *wanted, *offered;
    bool fits, back; /* and the other way round */
} cases[] = {
    /* one card, many spellings */
    {"A4000", "RTX A4000", true, true},
    {"A4000", "NVIDIA RTX A4000", true, true},
    {"rtx_a4000", "NVIDIA RTX A4000", true, true},
    {"rtxa4000", "RTX A4000", true, true},
    {"3090", "NVIDIA GeForce RTX 3090", true, true},
    {"RTX4090", "GeForce RTX 4090", true, true},
    {"T4", "Tesla T4", true, true},
    {"P6000", "Quadro P6000", true, true},
    {"Quadro RTX 6000", "Q RTX 6000", true, true},
    {"RTX 4070 SUPER", "RTX 4070S", true, true},
    {"4080super", "NVIDIA GeForce RTX 4080 SUPER", true, true},
    {"RTX 4070 Ti SUPER", "RTX 4070S Ti", true, true},
    {"RTX 3080Ti", "NVIDIA GeForce RTX 3080 Ti", true, true},
    {"GTX 1660 SUPER", "GTX 1660 S", true, true},
    {"RTX 4000 Ada Generation", "RTX 4000Ada", true, true},
    {"RTX 6000 Ada", "NVIDIA RTX 6000 Ada Generation", true, true},
    {"RTX 4090 D", "RTX 4090D", true, true},
    {"A100-SXM4-80GB", "A100 SXM4 80GB", true, true},
    {"A100 80 GB PCIe", "NVIDIA A100 80GB PCIe", true, true},
    {"H100 SXM", "NVIDIA H100 80GB HBM3", true, true},
    {"H100 SXM5 80GB", "NVIDIA H100 80GB HBM3", true, true},
    {"MI300X", "AMD Instinct MI300X OAM", true, false},
    {"Instinct MI210", "InstinctMI210", true, true},
    {"RX 7900 XTX", "Radeon RX 7900XTX", true, true},
    {"Titan RTX", "NVIDIA TITAN RTX", true, true},
    {"RTX PRO 6000 Server", "RTX PRO 6000 S", true, true},
    {"RTX PRO 6000 WS", "NVIDIA RTX PRO 6000 Blackwell Workstation Edition",
     true, true},
    {"B300 SXM", "NVIDIA B300", true, true},
    /* what is left open may be anything */
    {"A100", "A100 PCIE", true, false},
    {"A100", "NVIDIA A100-SXM4-40GB", true, false},
    {"A100", "A100 SXM4", true, false},
    {"A100 80GB", "NVIDIA A100 80GB PCIe", true, false},
    {"A100 80GB", "A100-SXM4-80GB", true, false},
    {"H100", "H100 NVL", true, false},
    {"H100", "H100 PCIe", true, false},
    {"H100", "NVIDIA H100 80GB HBM3", true, false},
    {"H200 SXM", "NVIDIA H200", true, true},
    {"H100 80GB", "H100 PCIE", true, false},
    {"V100", "Tesla V100-SXM2-16GB", true, false},
    {"RTX PRO 6000", "NVIDIA RTX PRO 6000 Blackwell Server Edition", true,
     false},
    /* another card */
    {"RTX 3090", "RTX 3090 Ti", false, false},
    {"RTX 4090", "RTX 4090D", false, false},
    {"RTX 4070", "RTX 4070S", false, false},
    {"RTX 4070 Ti", "RTX 4070S Ti", false, false},
    {"RTX 6000", "RTX 6000 Ada", false, false},
    {"RTX 6000", "RTX A6000", false, false},
    {"RTX 6000", "RTX PRO 6000", false, false},
    {"RTX 4000 Ada", "RTX 4000 SFF Ada Generation", false, false},
    {"A400", "RTX A4000", false, false},
    {"RTX 4000", "RTX A4000", false, false},
    {"A100 80GB", "A100-SXM4-40GB", false, false},
    {"A100 80GB", "A100 PCIE", false, false}, /* which may have 40 */
    {"A100", "A100X", false, false},
    {"A10", "A10G", false, false},
    {"A10", "A100", false, false},
    {"L40", "L40S", false, false},
    {"L4", "L40", false, false},
    {"H100 SXM", "H100 PCIe", false, false},
    {"H100 PCIe", "H100 NVL", false, false},
    {"H100", "H200", false, false},
    {"H100", "GH200", false, false},
    {"Titan V", "Titan RTX", false, false},
    {"Titan X", "Titan Xp", false, false},
    {"RTX PRO 6000 S", "RTX PRO 6000 WS", false, false},
    /* less than the card */
    {"B300", "NVIDIA B300 SXM6 AC MIG 1g.34gb", false, false},
    {"RTX PRO 6000", "NVIDIA RTX PRO 6000 Blackwell Server Edition MIG 1g.24gb",
     false, false},
    {"RTX PRO 6000 MIG 1g.24gb",
     "NVIDIA RTX PRO 6000 Blackwell Server Edition MIG 1g.24gb", true, false},
    {"RTX PRO 6000 MIG 1g.24gb",
     "NVIDIA RTX PRO 6000 Blackwell Server Edition MIG 2g.48gb", false, false},
    {"A100", "A100 1g.5gb", false, false},
    {"RTX 4090", "RTX 4090 laptop", false, false},
    {"RTX 4090 Mobile", "GeForce RTX 4090 Laptop GPU", true, true},
    {"RTX PRO 6000", "NVIDIA RTX PRO 6000 Blackwell Max-Q Workstation Edition",
     false, false},
    {"RTX 2080", "GeForce RTX 2080 with Max-Q Design", false, false},
    /* nothing in it */
    {"", "RTX A4000", false, false},
    {"NVIDIA", "RTX A4000", false, false},
    {"!!", "A4000", false, false},
    {"a b c d e f g h i j k l m n o p q r s t u v w x y z 0 1 2 3 4", "A4000",
     false, false},
    {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa4000",
     "A4000", false, false},
};

static void names_are_matched(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        if (fl_gpu_fits(cases[i].wanted, cases[i].offered) != cases[i].fits)
            fail_msg("case %zu: \"%s\" and \"%s\"", i, cases[i].wanted,
                     cases[i].offered);
        if (fl_gpu_fits(cases[i].offered, cases[i].wanted) != cases[i].back)
            fail_msg("case %zu backwards: \"%s\" and \"%s\"", i,
                     cases[i].wanted, cases[i].offered);
    }
}

static void every_name_fits_itself(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        if (!fl_gpu_fits(cases[i].offered, cases[i].offered))
            fail_msg("\"%s\"", cases[i].offered);
    }
}

static void a_near_name_is_found(void **state)
{
    static const char *const offered[] = {"NVIDIA RTX A4000",
                                          "NVIDIA GeForce RTX 3090 Ti",
                                          "NVIDIA B300 SXM6 AC MIG 1g.34gb",
                                          "NVIDIA H100 NVL",
                                          "Tesla V100-PCIE-16GB",
                                          NULL};
    static const char *const none[] = {NULL};
    static const struct {
        const char *wanted, *near;
    } near[] = {
        {"RTX A400", "NVIDIA RTX A4000"},
        {"rtx a5000", "NVIDIA RTX A4000"},
        {"RTX 3090", "NVIDIA GeForce RTX 3090 Ti"},
        {"H100 SXM", "NVIDIA H100 NVL"},
        {"V100 32GB", "Tesla V100-PCIE-16GB"},
        {"B300", "NVIDIA B300 SXM6 AC MIG 1g.34gb"},
        {"Radeon VII", NULL},
    };

    (void)state;
    assert_null(fl_gpu_closest("A4000", none));
    for (size_t i = 0; i < sizeof(near) / sizeof(near[0]); i++) {
        const char *found = fl_gpu_closest(near[i].wanted, offered);

        if (!found != !near[i].near ||
            (found && strcmp(found, near[i].near) != 0))
            fail_msg("\"%s\": %s", near[i].wanted, found ? found : "none");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_matched),
        cmocka_unit_test(every_name_fits_itself),
        cmocka_unit_test(a_near_name_is_found),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
