dnl rcp-flags.m4 - switches of configure and the compiler flags they choose.

dnl RCP_CHECK_FLAG(VARIABLE, FLAG): append FLAG to VARIABLE if the compiler
dnl takes it.  One flag at a time, so that an old compiler loses one warning
dnl and not the whole set.
AC_DEFUN([RCP_CHECK_FLAG],
[AS_VAR_PUSHDEF([rcp_cv], [rcp_cv_flag_$2])dnl
AC_CACHE_CHECK([whether $CC takes $2], [rcp_cv],
  [rcp_saved_CFLAGS=$CFLAGS
   AS_CASE([$2],
     [-Wno-*], [CFLAGS="$CFLAGS -Werror -W`echo "$2" | sed s/^-Wno-//`"],
     [CFLAGS="$CFLAGS -Werror $2"])
   AC_COMPILE_IFELSE([AC_LANG_PROGRAM()],
     [AS_VAR_SET([rcp_cv], [yes])], [AS_VAR_SET([rcp_cv], [no])])
   CFLAGS=$rcp_saved_CFLAGS])
AS_VAR_IF([rcp_cv], [yes], [AS_VAR_APPEND([$1], [" $2"])])
AS_VAR_POPDEF([rcp_cv])dnl
])

AC_DEFUN([RCP_OPTIONS],
[AC_ARG_ENABLE([werror],
  [AS_HELP_STRING([--enable-werror], [compiler warnings are errors])],
  [], [enable_werror=no])
AC_ARG_ENABLE([lto],
  [AS_HELP_STRING([--enable-lto],
    [optimise librcprof.so across its files])],
  [], [enable_lto=no])
AC_ARG_ENABLE([asan],
  [AS_HELP_STRING([--enable-asan],
    [address and undefined behaviour sanitizers in everything but
     librcprof.so (for tests/unit and tests/tools)])],
  [], [enable_asan=no])
AC_ARG_ENABLE([ubsan-trap],
  [AS_HELP_STRING([--enable-ubsan-trap],
    [librcprof.so traps on undefined behaviour (for tests)])],
  [], [enable_ubsan_trap=no])
])

AC_DEFUN([RCP_WARNINGS],
[WARN_CFLAGS=
AC_LANG_PUSH([C])
m4_foreach_w([rcp_flag],
  [-Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes
   -Wpointer-arith -Wcast-qual -Wwrite-strings -Wformat=2 -Wundef -Wvla
   -Wimplicit-fallthrough -Wold-style-definition -Wdate-time
   -Wduplicated-cond -Wlogical-op -Wtrampolines],
  [RCP_CHECK_FLAG([WARN_CFLAGS], rcp_flag)])
AC_LANG_POP([C])
WERROR=
AS_VAR_IF([enable_werror], [no], [], [WERROR=-Werror])
AC_SUBST([WARN_CFLAGS])
AC_SUBST([WERROR])
])

dnl The preload cannot be sanitized by libasan, which brings an allocator of
dnl its own; it can trap.
AC_DEFUN([RCP_SANITIZERS],
[SAN_CFLAGS=
PRELOAD_MODE_CFLAGS=
AS_VAR_IF([enable_asan], [no], [],
  [SAN_CFLAGS="-fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer"])
AS_VAR_IF([enable_ubsan_trap], [no], [],
  [PRELOAD_MODE_CFLAGS="-fsanitize=undefined -fsanitize-undefined-trap-on-error"])
AS_VAR_IF([enable_lto], [no], [],
  [PRELOAD_MODE_CFLAGS="$PRELOAD_MODE_CFLAGS -flto"])
AM_CONDITIONAL([SANITIZED], [test "x$enable_asan" != xno])
AC_SUBST([SAN_CFLAGS])
AC_SUBST([PRELOAD_MODE_CFLAGS])
])

dnl Libraries of the command only; librcprof.so needs libc and nothing else
dnl (uthash is a header).
AC_DEFUN([RCP_LIBRARIES],
[AC_CHECK_HEADER([uthash.h], [],
  [AC_MSG_ERROR([uthash.h is missing: apt-get install uthash-dev])])
AC_CHECK_HEADER([zlib.h], [],
  [AC_MSG_ERROR([zlib.h is missing: apt-get install zlib1g-dev])])
AS_VAR_SET_IF([PKG_CONFIG],
  [PKG_CHECK_MODULES([ZLIB], [zlib], [], [ZLIB_CFLAGS= ZLIB_LIBS=-lz])],
  [ZLIB_CFLAGS= ZLIB_LIBS=-lz])
AC_SUBST([ZLIB_CFLAGS])
AC_SUBST([ZLIB_LIBS])

dnl elfutils names native functions in reports; without it they are addresses.
rcp_elfutils=no
AC_CHECK_HEADER([elfutils/libdwfl.h],
  [AC_CHECK_LIB([dw], [dwfl_begin], [rcp_elfutils=yes])])
AS_IF([test "x$rcp_elfutils" = xyes], [ELFUTILS_LIBS="-ldw -lelf"],
  [ELFUTILS_LIBS=
  AC_MSG_WARN([no elfutils (libdw-dev): native functions stay addresses])])
AC_SUBST([ELFUTILS_LIBS])
AM_CONDITIONAL([HAVE_ELFUTILS], [test "x$rcp_elfutils" = xyes])

dnl libiberty, a static library, demangles them.
rcp_iberty=no
AC_CHECK_HEADER([libiberty/demangle.h],
  [AC_CHECK_LIB([iberty], [cplus_demangle], [rcp_iberty=yes])])
AS_IF([test "x$rcp_iberty" = xyes], [IBERTY_LIBS=-liberty],
  [IBERTY_LIBS=
  AC_MSG_WARN([no libiberty (libiberty-dev): C++ and Rust names stay mangled])])
AC_SUBST([IBERTY_LIBS])
AM_CONDITIONAL([HAVE_IBERTY], [test "x$rcp_iberty" = xyes])

dnl Zydis decodes the beginnings of functions that librcprof.so patches.  Its
dnl headers are needed here; the library is loaded at run time, if it is there.
rcp_patch=no
AS_CASE([$host_cpu], [x86_64],
  [AC_CHECK_HEADER([Zydis/Zydis.h], [rcp_patch=yes],
    [AC_MSG_WARN([no Zydis (libzydis-dev): deaths of objects are not seen])])])
AM_CONDITIONAL([PATCH_X86_64], [test "x$rcp_patch" = xyes])
])

dnl Only test programs are C++.
AC_DEFUN([RCP_CXX_WORKS],
[AC_LANG_PUSH([C++])
AC_CACHE_CHECK([whether $CXX works], [rcp_cv_cxx],
  [AC_LINK_IFELSE([AC_LANG_PROGRAM([[#include <vector>]],
    [[std::vector<int> v(1); return v[0];]])],
    [rcp_cv_cxx=yes], [rcp_cv_cxx=no])])
AC_LANG_POP([C++])
AM_CONDITIONAL([HAVE_CXX], [test "x$rcp_cv_cxx" = xyes])
])
