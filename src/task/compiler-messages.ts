// Results of failed conditions on types: the compiler prints the name (the problem) and the only property (the cure).

export interface ResultDoesNotFit<Property, Declared, Result> {
  readonly 'declare the property with the type that is required': [Property, Declared, Result];
}
export interface NoPublicProperty<Property, Class> {
  readonly 'params and requirements are public properties, and self is the class that the decorator is in': [
    Property,
    Class,
  ];
}
export interface NeedsParentheses {
  readonly 'write @Param() and @Requires(…) with parentheses': never;
}
export interface EnableExperimentalDecorators {
  readonly 'set "experimentalDecorators": true in tsconfig.json': never;
}
export interface UnknownParam<Given, Known> {
  readonly 'the required task has no such param': [Given, Known];
}
export interface OptionalNeedsOption<Property> {
  readonly 'a property with ? needs @Param({ optional: true }); one with a default needs no ?': Property;
}
export interface SchemaDoesNotFit<Property, Declared, SchemaGives> {
  readonly 'the schema gives another type than the property has': [Property, Declared, SchemaGives];
}
export interface SchemaRefusesPropertyType<Accepts, Gives> {
  readonly 'a param is passed in as the type of its property, so its schema must accept what it gives': [
    Accepts,
    Gives,
  ];
}
export interface ProducesDoesNotFit<Produces, Returns> {
  readonly 'run() must return what produces names': [Produces, Returns];
}
export interface ServicesDoNotFit<Given, Constructor> {
  readonly 'services lists the classes of the constructor parameters, in order': [Given, Constructor];
}
