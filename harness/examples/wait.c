// SPDX-License-Identifier: Apache-2.0
/*
 * wait.c - a wait that ends by its deadline, or by somebody's token
 *
 * Prints: deadline: Timer expired, token: Operation canceled
 */
#include <stdio.h>
#include <string.h>

#include <portclash/wait.h>

int main(void)
{
	struct wait wait = { .deadline = wait_in_ms(10), .cancel_fd = -1 };
	struct wait_token *token;

	printf("deadline: %s, ", strerror(-wait_poll(NULL, 0, &wait)));
	if (wait_token_new(&token))
		return 1;
	/* From a signal handler, too, or any thread */
	wait_token_cancel(token);
	wait = (struct wait){ .cancel_fd = wait_token_fd(token) };
	printf("token: %s\n", strerror(-wait_poll(NULL, 0, &wait)));
	wait_token_free(token);
	return 0;
}
