/* SPDX-License-Identifier: MIT */
/*
 * libpq, opened when a store is on PostgreSQL and not before: it brings two
 * dozen libraries along, which take longer to link at run time than most
 * commands run.  Its functions are used by their own names; one that is used
 * for the first time is added to both lists.
 */
#ifndef LVL_STORE_LIBPQ_H
#define LVL_STORE_LIBPQ_H

#include <libpq-fe.h>

/* clang-format off */
#define LIBPQ_FUNCTIONS(X)                                                    \
	X(void, PQclear, (PGresult *))                                        \
	X(PGconn *, PQconnectdbParams,                                        \
	  (const char *const *, const char *const *, int))                    \
	X(void, PQconninfoFree, (PQconninfoOption *))                         \
	X(PQconninfoOption *, PQconninfoParse, (const char *, char **))       \
	X(int, PQconsumeInput, (PGconn *))                                    \
	X(char *, PQdb, (const PGconn *))                                     \
	X(PGresult *, PQdescribePrepared, (PGconn *, const char *))           \
	X(int, PQenterPipelineMode, (PGconn *))                               \
	X(char *, PQerrorMessage, (const PGconn *))                           \
	X(PGresult *, PQexec, (PGconn *, const char *))                       \
	X(int, PQexitPipelineMode, (PGconn *))                                \
	X(void, PQfinish, (PGconn *))                                         \
	X(void, PQfreemem, (void *))                                          \
	X(Oid, PQftype, (const PGresult *, int))                              \
	X(int, PQgetisnull, (const PGresult *, int, int))                     \
	X(int, PQgetlength, (const PGresult *, int, int))                     \
	X(PGresult *, PQgetResult, (PGconn *))                                \
	X(char *, PQgetvalue, (const PGresult *, int, int))                   \
	X(int, PQnfields, (const PGresult *))                                 \
	X(PGnotify *, PQnotifies, (PGconn *))                                 \
	X(int, PQntuples, (const PGresult *))                                 \
	X(int, PQpipelineSync, (PGconn *))                                    \
	X(PGresult *, PQprepare,                                              \
	  (PGconn *, const char *, const char *, int, const Oid *))           \
	X(int, PQputCopyData, (PGconn *, const char *, int))                  \
	X(int, PQputCopyEnd, (PGconn *, const char *))                        \
	X(void, PQreset, (PGconn *))                                          \
	X(char *, PQresultErrorField, (const PGresult *, int))                \
	X(char *, PQresultErrorMessage, (const PGresult *))                   \
	X(ExecStatusType, PQresultStatus, (const PGresult *))                 \
	X(int, PQsendPrepare,                                                 \
	  (PGconn *, const char *, const char *, int, const Oid *))           \
	X(int, PQsendQueryParams,                                             \
	  (PGconn *, const char *, int, const Oid *, const char *const *,     \
	   const int *, const int *, int))                                    \
	X(int, PQsendQueryPrepared,                                           \
	  (PGconn *, const char *, int, const char *const *, const int *,     \
	   const int *, int))                                                 \
	X(int, PQserverVersion, (const PGconn *))                             \
	X(PQnoticeReceiver, PQsetNoticeReceiver,                              \
	  (PGconn *, PQnoticeReceiver, void *))                               \
	X(int, PQsocket, (const PGconn *))                                    \
	X(ConnStatusType, PQstatus, (const PGconn *))                         \
	X(PGTransactionStatusType, PQtransactionStatus, (const PGconn *))     \
	X(char *, PQuser, (const PGconn *))

#define LIBPQ_POINTER(result, name, args) result(*name) args;
struct libpq {
	LIBPQ_FUNCTIONS(LIBPQ_POINTER)
};
extern struct libpq libpq;

#ifndef LIBPQ_ITSELF
#define PQclear libpq.PQclear
#define PQconnectdbParams libpq.PQconnectdbParams
#define PQconninfoFree libpq.PQconninfoFree
#define PQconninfoParse libpq.PQconninfoParse
#define PQconsumeInput libpq.PQconsumeInput
#define PQdb libpq.PQdb
#define PQdescribePrepared libpq.PQdescribePrepared
#define PQenterPipelineMode libpq.PQenterPipelineMode
#define PQerrorMessage libpq.PQerrorMessage
#define PQexec libpq.PQexec
#define PQexitPipelineMode libpq.PQexitPipelineMode
#define PQfinish libpq.PQfinish
#define PQfreemem libpq.PQfreemem
#define PQftype libpq.PQftype
#define PQgetisnull libpq.PQgetisnull
#define PQgetlength libpq.PQgetlength
#define PQgetResult libpq.PQgetResult
#define PQgetvalue libpq.PQgetvalue
#define PQnfields libpq.PQnfields
#define PQnotifies libpq.PQnotifies
#define PQntuples libpq.PQntuples
#define PQpipelineSync libpq.PQpipelineSync
#define PQprepare libpq.PQprepare
#define PQputCopyData libpq.PQputCopyData
#define PQputCopyEnd libpq.PQputCopyEnd
#define PQreset libpq.PQreset
#define PQresultErrorField libpq.PQresultErrorField
#define PQresultErrorMessage libpq.PQresultErrorMessage
#define PQresultStatus libpq.PQresultStatus
#define PQsendPrepare libpq.PQsendPrepare
#define PQsendQueryParams libpq.PQsendQueryParams
#define PQsendQueryPrepared libpq.PQsendQueryPrepared
#define PQserverVersion libpq.PQserverVersion
#define PQsetNoticeReceiver libpq.PQsetNoticeReceiver
#define PQsocket libpq.PQsocket
#define PQstatus libpq.PQstatus
#define PQtransactionStatus libpq.PQtransactionStatus
#define PQuser libpq.PQuser
#endif
/* clang-format on */

/* 0, or -LVL_E_UNSUPPORTED with the reason in err (STORE_ERROR bytes). */
int libpq_open(char *err);

#endif
