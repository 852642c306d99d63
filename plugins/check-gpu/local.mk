# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
pkglib_LTLIBRARIES += plugins/check-gpu.la
plugins_check_gpu_la_SOURCES = plugins/check-gpu/gpu.c
plugins_check_gpu_la_LDFLAGS = $(plugin_ldflags)
plugins_check_gpu_la_LIBADD = libfleet.la
