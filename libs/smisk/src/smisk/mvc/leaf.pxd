cdef class Leaf:
    cdef public object controller, name, function, formats, methods, raw, parameters
    cdef public object takes_parameters, path, template, action
    cdef public list routes
    cdef public tuple offers
    cdef public dict choices, templates
    cdef object __weakref__
