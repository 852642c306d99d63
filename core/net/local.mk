# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
core_sources += \
	core/net/connect.c core/net/connect.h \
	core/net/greeting.c core/net/greeting.h \
	core/net/http.c core/net/http.h \
	core/net/httpurl.c core/net/httpurl.h \
	core/net/resolve.c core/net/resolve.h \
	core/net/ssh.c core/net/ssh.h \
	core/net/sshagent.c core/net/sshagent.h \
	core/net/sshcert.c core/net/sshcert.h \
	core/net/sshexec.c \
	core/net/sshfile.c \
	core/net/sshkey.c core/net/sshkey.h \
	core/net/sshlink.c core/net/sshlink.h \
	core/net/sshstream.c \
	core/net/sshturn.c core/net/sshturn.h \
	core/net/sshwire.c core/net/sshwire.h \
	core/net/wait.c core/net/wait.h
