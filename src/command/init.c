// SPDX-License-Identifier: Apache-2.0
/*
 * init.c - a machine that is the agent's alone
 */
#include "init.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "quote.h"
#include "util.h"

#define MODULES "/modules"
#define PROGRAMS "/programs"

/* How long a device may take to appear: 5 s in all */
enum { PORT_TRIES = 500, PORT_WAIT_US = 10000 };

bool init_is(void)
{
	return getpid() == 1 && !strcmp(program_invocation_name, "/init");
}

static void mount_all(void)
{
	static const char *const mounts[][2] = { { "devtmpfs", "/dev" },
		{ "proc", "/proc" }, { "sysfs", "/sys" } };

	for (size_t i = 0; i < ARRAY_SIZE(mounts); i++) {
		mkdir(mounts[i][1], 0755);
		if (mount("none", mounts[i][1], mounts[i][0], 0, NULL) &&
			errno != EBUSY)
			fprintf(stderr, "guest: %s: %s\n", mounts[i][1],
				strerror(errno));
	}
}

static void load(const char *name)
{
	char path[300];
	int fd;

	snprintf(path, sizeof(path), MODULES "/%s", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || syscall(SYS_finit_module, fd, "", 0))
		quote_printf(stderr, "guest: %s: %s\n", name, strerror(errno));
	if (fd >= 0)
		close(fd);
}

/* Names begin with a number, so that each module comes after those that it
 * needs. */
static void load_all(void)
{
	struct dirent **names;
	int count = scandir(MODULES, &names, NULL, alphasort);

	for (int i = 0; i < count; i++) {
		if (*names[i]->d_name != '.')
			load(names[i]->d_name);
		free(names[i]);
	}
	if (count >= 0)
		free(names);
}

/* The console of user-mode Linux; the kernel's own messages go elsewhere. */
static int open_console(void)
{
	int fd = open("/dev/console", O_RDWR | O_NOCTTY);

	return fd < 0 ? open("/dev/tty0", O_RDWR | O_NOCTTY) : fd;
}

static int open_port(void)
{
	struct termios raw;
	int fd = -1;

	/* A port of virtio appears some time after its driver. */
	for (int i = 0; i < PORT_TRIES && fd < 0; i++) {
		fd = open("/dev/vport0p1", O_RDWR);
		if (fd < 0 && access("/sys/class/virtio-ports", F_OK))
			fd = open_console();
		if (fd < 0)
			usleep(PORT_WAIT_US);
	}
	if (fd >= 0 && !tcgetattr(fd, &raw)) {
		cfmakeraw(&raw);
		tcsetattr(fd, TCSANOW, &raw);
	}
	return fd < 0 ? -errno : fd;
}

int init_begin(void)
{
	int log, fd;

	mount_all();
	log = open("/dev/kmsg", O_WRONLY);
	if (log >= 0)
		dup2(log, STDERR_FILENO);
	load_all();
	fd = open_port();
	if (fd < 0)
		return fd;
	if (dup2(fd, STDIN_FILENO) < 0 || dup2(fd, STDOUT_FILENO) < 0)
		return -errno;
	return 0;
}

static int run_program(const char *name)
{
	char path[PATH_MAX];
	int status = 0;
	pid_t pid;

	snprintf(path, sizeof(path), PROGRAMS "/%s", name);
	pid = fork();
	if (!pid) {
		dup2(STDERR_FILENO, STDOUT_FILENO);
		execl(path, path, (char *)NULL);
		_exit(127);
	}
	if (pid < 0)
		return 126;
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return 126;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

bool init_programs(void)
{
	struct dirent **names;
	int count = scandir(PROGRAMS, &names, NULL, alphasort);

	for (int i = 0; i < count; i++) {
		if (*names[i]->d_name != '.')
			quote_printf(stdout, "%d %s\n",
				run_program(names[i]->d_name),
				names[i]->d_name);
		free(names[i]);
	}
	if (count >= 0)
		free(names);
	return count >= 0;
}

void init_end(void)
{
	fflush(NULL);
	tcdrain(STDOUT_FILENO);
	reboot(RB_POWER_OFF);
	_exit(0);
}
