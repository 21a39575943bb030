/* merged.c - an extension module that allocates, calls back, and calls back
 * from a thread of its own: for merged.py.  Compiled without inlining. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <pthread.h>
#include <stdlib.h>

#define KEEP() __asm__ volatile("" : : : "memory")

void *volatile last;

void
take(size_t size)
{
	last = malloc(size);
	KEEP();
}

static PyObject *
allocate(PyObject *self, PyObject *size)
{
	(void)self;
	take(PyLong_AsSize_t(size));
	KEEP();
	Py_RETURN_NONE;
}

PyObject *
inner_call(PyObject *function)
{
	PyObject *result = PyObject_CallObject(function, NULL);

	KEEP();
	return result;
}

static PyObject *
call(PyObject *self, PyObject *function)
{
	PyObject *result = inner_call(function);

	(void)self;
	KEEP();
	return result;
}

static void *
body(void *function)
{
	PyGILState_STATE state = PyGILState_Ensure();
	PyObject *result = inner_call(function);

	Py_XDECREF(result);
	PyGILState_Release(state);
	return NULL;
}

static PyObject *
call_in_thread(PyObject *self, PyObject *function)
{
	pthread_t thread;

	(void)self;
	Py_BEGIN_ALLOW_THREADS
	if (pthread_create(&thread, NULL, body, function) == 0)
		pthread_join(thread, NULL);
	Py_END_ALLOW_THREADS
	Py_RETURN_NONE;
}

static PyMethodDef methods[] = {
	{ "allocate", allocate, METH_O, NULL },
	{ "call", call, METH_O, NULL },
	{ "call_in_thread", call_in_thread, METH_O, NULL },
	{ NULL, NULL, 0, NULL },
};

static struct PyModuleDef module = {
	PyModuleDef_HEAD_INIT, "cmerged", NULL, -1, methods,
	NULL, NULL, NULL, NULL,
};

PyMODINIT_FUNC
PyInit_cmerged(void)
{
	return PyModule_Create(&module);
}
