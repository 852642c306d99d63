core_sources += \
	core/net/connect.c core/net/connect.h \
	core/net/greeting.c core/net/greeting.h \
	core/net/resolve.c core/net/resolve.h \
	core/net/ssh.h \
	core/net/wait.c core/net/wait.h
